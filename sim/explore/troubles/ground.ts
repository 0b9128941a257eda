/** What troubles are made of: where they may strike, when, and how a host falls silent. */
import type { EntryType } from '../../../machines/entries.ts';
import type { ClusterSpec } from '../../../machines/spec.ts';
import type { Fault } from '../../faults.ts';
import type { Random } from '../../random.ts';
import { weighted } from '../cluster.ts';
import type { Step } from '../plan.ts';

export interface Ground {
  readonly spec: ClusterSpec;
  readonly random: Random;
  readonly hosts: readonly string[];
  readonly nodes: readonly string[];
  readonly guests: readonly string[];
}

export type Trouble = (ground: Ground, atMs: number) => Step[];
/** Each with its weight. */
export type Troubles = readonly (readonly [number, Trouble])[];

export const now = (atMs: number, fault: Fault): Step => ({ atMs, fault });
export const once = (atMs: number, type: EntryType, delayMs: number, fault: Fault): Step => ({
  atMs,
  after: { type, delayMs },
  fault,
});

/** From so many to so many milliseconds, short ones as likely as long ones. */
export const long = (random: Random, least: number, most: number) =>
  Math.round(least * (most / least) ** random.next());
export const someHost = ({ random, hosts }: Ground) => random.pick([...hosts, '@leader']);
export const someNode = ({ random, nodes }: Ground) => random.pick([...nodes, '@leader', '@leader']);
export const otherNode = ({ random, nodes }: Ground, than: string) =>
  random.pick(nodes.filter((node) => node !== than));
export const someGuest = ({ random, guests }: Ground) => random.pick(guests);
export const soon = (random: Random) =>
  weighted(random, [
    [3, 0],
    [3, random.below(20)],
    [3, random.below(500)],
    [2, random.below(6_000)],
  ]);
export const MOMENTS: readonly EntryType[] = [
  'host.suspected',
  'fence.proven',
  'guest.granted',
  'leader.elected',
  'start.succeeded',
  'host.joined',
  'guest.crashed',
  'host.surveyed',
  'host.cleared',
];

/** Ways for a host to be silent. */
export const silence: Trouble = (g, atMs) => {
  const node = someHost(g);
  const forMs = long(g.random, 500, 40_000);
  const fault = weighted<Fault>(g.random, [
    [3, { kind: 'power-loss', node, forMs }],
    [3, { kind: 'isolate', node, forMs }],
    [2, { kind: 'freeze', node, forMs }],
    [2, { kind: 'pause-daemon', node, forMs }],
    [1, { kind: 'kernel-panic', node }],
    [1, { kind: 'power-loss', node }],
  ]);
  return [now(atMs, fault)];
};
