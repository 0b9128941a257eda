/** What a node of the invented data centre is to the rest of it, and what it is made of. */
import type { Stored } from '../machines/entries.ts';
import type { apply } from '../machines/fold.ts';
import type { ClusterSpec } from '../machines/spec.ts';
import type { ArmedMachine, Journal, PowerSwitch, Say } from '../services/ports.ts';
import type { Domains } from './domains.ts';
import type { Hook } from './hook.ts';
import type { HostTrouble } from './hypervisor.ts';
import type { SimMachine } from './machine.ts';
import type { Network } from './network.ts';
import type { NodeClock } from './node-clock.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Model, SimNode, WorldEvent } from './simulation.ts';
import type { Stream } from './stream.ts';
import type { Watchdog } from './watchdog.ts';

/** A node with the handles that faults pull. */
export interface WorldNode extends SimNode {
  readonly machine: SimMachine;
  /** Machines that this node answers when they boot from the network. */
  armed(): readonly ArmedMachine[];
  /** A machine asks for a network boot, and this node does not answer it. */
  ignores(mac: string): void;
  setImages(there: boolean): void;
  servesImages(): boolean;
  readonly clock: NodeClock;
  readonly domains: Domains;
  readonly trouble: HostTrouble;
  readonly permits: Hook['permits'];
  readonly watchdog: Watchdog;
  /** `back`: it boots again by itself. */
  powerOff(why: string, back?: boolean): void;
  powerOn(why: string): void;
  /** It has run for long: powered, its guests (name to token) running, its daemon about to start. */
  settle(guests: ReadonlyMap<string, string>): void;
  killDaemon(): void;
  pauseDaemon(on: boolean): void;
  freeze(on: boolean): void;
  setWriteMs(ms: number): void;
  setLibvirt(mode: HostTrouble['libvirt']): void;
  setStorage(there: boolean): void;
}

export interface WorldParts {
  readonly spec: ClusterSpec;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly model: Model;
  readonly network: Network;
  readonly stream: Stream;
  readonly keys: Readonly<Record<string, string>>;
  readonly say: (node: string) => Say;
  readonly emit: (event: WorldEvent) => void;
  readonly switchesFor: (process: Process) => (host: string) => readonly PowerSwitch[];
  readonly nodeAt: (address: string) => WorldNode | null;
  readonly nodes: Readonly<Record<string, WorldNode>>;
  /** How many further starts of a guest end in a crash, wherever it starts. */
  readonly crashes: Map<string, number>;
  readonly step: typeof apply;
  /** The entries of all journals, for those that hold the same. */
  readonly journaled: Stored[];
  /** Where every journal begins; null: empty. */
  readonly checkpoint: ReturnType<Journal['checkpoint']>;
}
