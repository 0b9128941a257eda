/** What a story file says, as data. docs/drills.md has the language. */
import type { EntryType } from '../../machines/entries.ts';
import type { GuestStateName, HostStateName } from '../../machines/fleet.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Fault } from '../faults.ts';
import type { Model } from '../simulation.ts';

/** Stands where a fault names a node, and is whoever leads when the fault comes. */
export const LEADER = '@leader';
/** Stands where a fault names a node: the host on which the guest can write when the fault comes. */
export const hostOf = (guest: string): string => `@host-of-${guest}`;
export const guestOfPlaceholder = (node: string): string | null =>
  node.startsWith('@host-of-') ? node.slice('@host-of-'.length) : null;

export interface Story {
  readonly title: string;
  /** What must end well, for people. */
  readonly about: string;
  readonly spec: ClusterSpec;
  readonly model: Partial<Model>;
  readonly seed: number;
  /** True: the story begins with every machine being switched on. False: with the cluster up and all its guests running. */
  readonly cold: boolean;
  /** Who leads in the beginning; null for whoever was elected. */
  readonly leader: string | null;
  readonly steps: readonly Step[];
  /** Virtual ms after the beginning; null: a little after the last thing that was waited for. */
  readonly untilMs: number | null;
}

export type Step = FaultStep | ExpectStep;

/** Faults at a moment. Nodes may be placeholders (LEADER, hostOf); a `confirm-off` order is completed when it is given. */
export interface FaultStep {
  readonly kind: 'faults';
  readonly line: number;
  readonly moment: Moment;
  readonly faults: readonly Fault[];
}

export type Moment =
  | { readonly kind: 'at'; readonly ms: number }
  /** `ms` after the `nth` such entry since the beginning was stored; 0: in that very moment. */
  | { readonly kind: 'after'; readonly ms: number; readonly nth: number; readonly entry: EntryPattern };

export interface EntryPattern {
  readonly type: EntryType;
  /** Host or guest it is about; null for any. */
  readonly of: string | null;
}

export interface ExpectStep {
  readonly kind: 'expect';
  readonly line: number;
  readonly words: string;
  readonly claim: Claim;
  readonly span: Span;
}

/** When a claim has to be true. `since` counts steps: the fault step from which time runs, −1 for the beginning. */
export type Span =
  /** Right before the fault step of that number; at the end of the story where there is none. */
  | { readonly kind: 'before'; readonly step: number }
  | { readonly kind: 'at'; readonly ms: number }
  /** At some moment, no later than this. `again`: after it was untrue for a while. */
  | { readonly kind: 'within'; readonly ms: number; readonly since: number; readonly again: boolean }
  /** At every moment of it. */
  | { readonly kind: 'throughout'; readonly ms: number; readonly since: number };

export type Counted =
  | { readonly kind: 'entry'; readonly entry: EntryPattern }
  | { readonly kind: 'start' | 'reset'; readonly of: string | null };

export type Claim =
  /** Exactly one instance of each can write, on one of `hosts` if there are any named. */
  | { readonly kind: 'runs'; readonly guests: readonly string[]; readonly hosts: readonly string[] }
  | { readonly kind: 'runs-nowhere'; readonly guests: readonly string[] }
  | { readonly kind: 'paused'; readonly guests: readonly string[] }
  /** Able to write ever since the beginning. */
  | { readonly kind: 'unbroken'; readonly guests: readonly string[] }
  /** Unable to write for no longer than this, all in all, since the beginning. */
  | { readonly kind: 'down-at-most'; readonly guests: readonly string[]; readonly ms: number }
  | { readonly kind: 'together' | 'apart'; readonly guests: readonly string[]; readonly by: 'host' | 'domain' }
  | { readonly kind: 'host-state'; readonly hosts: readonly string[]; readonly states: readonly HostStateName[] }
  | { readonly kind: 'guest-state'; readonly guests: readonly string[]; readonly states: readonly GuestStateName[] }
  | { readonly kind: 'power'; readonly nodes: readonly string[]; readonly on: boolean }
  | { readonly kind: 'frozen' | 'brake' | 'headroom' | 'led'; readonly is: boolean }
  | { readonly kind: 'leads'; readonly nodes: readonly string[] }
  | { readonly kind: 'count'; readonly least: number; readonly most: number; readonly what: Counted }
  | { readonly kind: 'before'; readonly first: EntryPattern; readonly second: EntryPattern }
  | { readonly kind: 'why'; readonly subject: string | null; readonly says: string }
  | { readonly kind: 'log-says'; readonly says: string; readonly is: boolean }
  /** What the operator was told about the last order. */
  | { readonly kind: 'answer'; readonly says: string }
  /** Every node that is up has folded the same log. */
  | { readonly kind: 'agreement' };
