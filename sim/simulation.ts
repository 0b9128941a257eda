/** What a simulated cluster offers to those who rehearse on it: faults in, the true state of the world out. */
import type { Stored } from '../machines/entries.ts';
import type { ClusterSpec } from '../machines/spec.ts';
import type { Agent } from '../services/agent/agent.ts';
import type { Controller } from '../services/controller/controller.ts';
import type { AgentMemory, Say, VoterRegisters } from '../services/ports.ts';
import type { Order } from '../services/protocol.ts';
import type { Fault } from './faults.ts';

/** What happens in the world itself, whatever the engine believes. `atMs`: virtual time. */
export type WorldEvent = { readonly atMs: number } & (
  | { readonly kind: 'power'; readonly host: string; readonly on: boolean; readonly why: string }
  /** From now on an instance of the guest on this host can, or can no longer, write its disk. */
  | {
      readonly kind: 'writer';
      readonly guest: string;
      readonly host: string;
      readonly on: boolean;
      readonly token: string | null;
    }
  /** A pet, with the petter's own clock reading and the moment it is allowed to pet until. */
  | { readonly kind: 'pet'; readonly host: string; readonly clockMs: number; readonly untilMs: number }
  /** What happens below the operating system. `disk-given-up`: from now on its disk is being overwritten. `plan-stolen`: a second machine was given its plan. */
  | {
      readonly kind: 'machine';
      readonly host: string;
      readonly what: 'network-boot' | 'no-boot' | 'plan-stolen' | 'disk-given-up' | 'disk-written' | 'brought';
      /** Of the disk that is in it. */
      readonly serial: string;
      readonly job?: string;
      readonly attempt?: number;
    }
  | { readonly kind: 'entry'; readonly stored: Stored }
  /** Entries from `fromSeq` on are no longer in the stream. */
  | { readonly kind: 'rollback'; readonly fromSeq: number }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'fault-ended'; readonly fault: Fault }
  | { readonly kind: 'elected'; readonly node: string; readonly epoch: number }
  /** A voter promised this life a lease for the first time, having persisted `epoch`. */
  | {
      readonly kind: 'leased';
      readonly voter: string;
      readonly host: string;
      readonly counter: number;
      readonly epoch: number;
    }
  /** A command with a token was obeyed by an agent. */
  | { readonly kind: 'started'; readonly guest: string; readonly host: string; readonly token: string }
);

export interface SimNode {
  readonly name: string;
  readonly isHost: boolean;
  powered(): boolean;
  /** Its power is on, whatever runs: its own system, an installer, or nothing. */
  hasPower(): boolean;
  /** Powered, and not standing still. */
  awake(): boolean;
  controller(): Controller | null;
  agent(): Agent | null;
  /** What its agent has on disk. */
  readonly memory: AgentMemory;
  /** What its voter has on disk; untouched where there is none. */
  registers: VoterRegisters;
  /** Instances on this host, whether or not they can write. */
  instances(): ReadonlyMap<string, { readonly state: 'running' | 'paused'; readonly token: string | null }>;
  /** This node's clock (Clock.now) at this moment. */
  clockMs(): number;
  /** Times its watchdog has reset it. */
  resets(): number;
}

export interface Simulation {
  readonly spec: ClusterSpec;
  readonly nodes: Readonly<Record<string, SimNode>>;
  /** Virtual milliseconds since the beginning. */
  now(): number;
  advance(forMs: number, done?: () => boolean): Promise<void>;
  inject(fault: Fault): void;
  /** Asks for `order` as a person would, at a node; the answer of the leader, or why there is none. */
  order(order: Order, at?: string): Promise<string>;
  /** The stream as it is now. */
  entries(): readonly Stored[];
  leader(): SimNode | null;
  /** Hosts on which an instance of the guest could write its disk at this moment. */
  writers(guest: string): readonly string[];
  observe(listener: (event: WorldEvent) => void): () => void;
  /** Ends every process, so that nothing of this cluster runs on. */
  stop(): Promise<void>;
}

/** How long things take in the invented datacentre, virtual milliseconds; `[least, most]`, evenly spread. docs/simulator.md has the sources. */
export interface Model {
  readonly hopMs: readonly [number, number];
  readonly appendMs: readonly [number, number];
  readonly streamElectionMs: readonly [number, number];
  readonly libvirtCallMs: readonly [number, number];
  readonly startMs: readonly [number, number];
  readonly migrationMs: readonly [number, number];
  readonly bmcOffMs: readonly [number, number];
  readonly bmcStatusMs: readonly [number, number];
  readonly hostBootMs: readonly [number, number];
  readonly daemonRestartMs: readonly [number, number];
  /** From the boot script to the installer's first word; and the writing of an image. */
  readonly installerBootMs: readonly [number, number];
  readonly installMs: readonly [number, number];
}

export interface SimulationOptions {
  readonly seed: number;
  readonly model?: Partial<Model>;
  readonly say?: (node: string) => Say;
  /** Computes the state hash of every entry on every replica and compares them; costs time. */
  readonly checkHashes?: boolean;
  /**
   * Nodes that hold the very same state fold the next entry once for all of them. Much faster in large clusters; leave it
   * out where a test is to notice that two nodes fold alike.
   */
  readonly foldOnce?: boolean;
  /**
   * Begins with a cluster that has run for long, every guest where it was placed, and every daemon just restarted. For
   * clusters so large that starting their guests one after the other takes an hour.
   */
  readonly settled?: boolean;
  /** Nodes that nobody has switched on yet. */
  readonly off?: readonly string[];
}
