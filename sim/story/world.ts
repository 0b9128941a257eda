/** What a story needs of the world it is told in: the simulated one, or real hosts behind the same few questions. */
import type { Stored } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { Simulation } from '../simulation.ts';

export interface StoryNode {
  readonly name: string;
  powered(): boolean;
  /** Its controller's end of the log; null where none answers. */
  controller(): { fleet(): Pick<Fleet, 'seq' | 'hash'> } | null;
  /** Instances on this host, whether or not they can write. */
  instances(): ReadonlyMap<string, { readonly state: 'running' | 'paused' }>;
  /** Times its watchdog has reset it. */
  resets(): number;
}

/** As in `Simulation`; time is virtual there and real elsewhere. Events are delivered only while `advance` runs. */
export interface World
  extends Pick<Simulation, 'spec' | 'now' | 'advance' | 'inject' | 'order' | 'writers' | 'observe'> {
  readonly nodes: Readonly<Record<string, StoryNode>>;
  entries(): readonly Stored[];
  leader(): { readonly name: string } | null;
}
