/** What plans made by hand are put together from. */
import type { Order } from '../../../services/protocol.ts';
import type { Plan, Step } from '../../explore/plan.ts';
import { after, at, ground, plan, UP_MS, type Wish } from '../grounds.ts';

export interface Aimed {
  readonly about: string;
  readonly plan: Plan;
  /** What has not come to rest at the end counts too. */
  readonly settles?: boolean;
  /** No line of what happens from the first fault on may match. */
  readonly never?: RegExp;
  /** A line must match between the first fault and the end. */
  readonly always?: RegExp;
}

export const HOSTS = ['h1', 'h2', 'h3'];
export const VOTERS = ['v1', 'v2', 'v3'];
export const ARBITERS = ['a1', 'a2', 'a3'];
/** Half of ρ each way. Not imported: a mutant changes it. */
export const HALF_RHO = 0.0025;
export const NOBODY = `U${'A'.repeat(55)}`;

export type Unsigned<T> = T extends unknown ? Omit<T, 'by'> : never;
export const order = (atMs: number, what: Unsigned<Order>): Step =>
  at(atMs, { kind: 'order', order: { ...what, by: 'mutants' } as Order });
export const orderAfterElection = (delayMs: number, what: Unsigned<Order>): Step =>
  after(UP_MS + 100, 'leader.elected', delayMs, { kind: 'order', order: { ...what, by: 'mutants' } as Order });
export const want = (guest: string, desired: 'running' | 'stopped') =>
  ({ kind: 'set-desired', guest, desired }) as const;
export const keepFree = (host: string, on: boolean) => ({ kind: 'maintenance', host, on }) as const;
export const deadBmc = (node: string): Step => at(UP_MS - 1_000, { kind: 'bmc', node, mode: 'dead' });
export const isolate = (atMs: number, node: string, forMs: number): Step => at(atMs, { kind: 'isolate', node, forMs });
export const pauses = (atMs: number, nodes: readonly string[], forMs: number): Step[] =>
  nodes.map((node) => at(atMs, { kind: 'pause-daemon', node, forMs }));
export const kills = (atMs: number, nodes: readonly string[]): Step[] =>
  nodes.map((node) => at(atMs, { kind: 'kill-daemon', node }));
export const granted = (delayMs: number, fault: Step['fault']): Step =>
  after(UP_MS - 1, 'guest.granted', delayMs, fault);

export function cluster(wish: Wish, steps: readonly Step[], forMs: number, quietMs = 0): Plan {
  return plan(ground(wish), steps, UP_MS + forMs, quietMs);
}
export const lonely = (guest: string) => ({ [guest]: { prefers: 'h3', desired: 'stopped' } });
