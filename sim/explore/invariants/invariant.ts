/** What every checker is given and gives. Numbers are those of the invariants on docs/explore.md. */
import type { ClusterSpec } from '../../../machines/spec.ts';
import type { Simulation, WorldEvent } from '../../simulation.ts';

export interface Scene {
  readonly spec: ClusterSpec;
  readonly simulation: Simulation;
  /** Names of hosts, in the order of the cluster file. */
  readonly hosts: readonly string[];
  /** Guests of a host that can write at this moment, after every event. */
  writersOn(host: string): ReadonlySet<string>;
  violated(invariant: number, what: string): void;
}

/** Looks at the world itself; what the engine believes is never taken for what is. */
export interface Invariant {
  /** Each thing that happens, the moment it happens. */
  event?(event: WorldEvent): void;
  /** Every 50 virtual milliseconds. */
  tick?(nowMs: number): void;
  /** When the run is over. */
  end?(): void;
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(3)} s`;
