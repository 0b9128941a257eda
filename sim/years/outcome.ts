/** What a story is told with, what happens in it, and what becomes of it. */
import type { WorldEvent } from '../simulation.ts';
import type { Gap } from './downtime.ts';
import type { Incident } from './incidents.ts';
import type { KindName, Rates } from './rates.ts';

export interface StoryOptions {
  readonly rates: Pick<Rates, 'personMs'>;
  /** From the start of a guest's QEMU until it serves. */
  readonly bootMs: number;
  /** Another draw of everything that the incidents leave open. */
  readonly salt?: string;
  /** False: quiet hours are simulated too. */
  readonly skip?: boolean;
}

export interface Outage extends Gap {
  /** The latest incident before it. */
  readonly kind: KindName;
}

export interface Outcome {
  readonly seed: string;
  readonly outages: readonly Outage[];
  /** Guests that ran nowhere though all was well. */
  readonly unplaced: readonly string[];
  /** Watchdogs that reset their host. */
  readonly resets: number;
  readonly fences: number;
  /** Hosts fenced or reset though nothing was wrong with them. */
  readonly falseFences: readonly string[];
  /** Why a person was asked, and the guests that were down when one came. */
  readonly asked: readonly string[];
  readonly needed: readonly string[];
  /** Guests that did not serve again though everything was repaired. */
  readonly lost: readonly string[];
  /** Two instances that could write at once. */
  readonly doubles: readonly string[];
  /** Not all was well again at the end: why. Null: it was. */
  readonly unsettled: string | null;
  readonly simulatedMs: number;
  readonly lastedMs: number;
}

export type StoryEvent =
  | { readonly atMs: number; readonly kind: 'world'; readonly event: WorldEvent }
  | { readonly atMs: number; readonly kind: 'incident'; readonly incident: Incident; readonly over: boolean }
  | { readonly atMs: number; readonly kind: 'skipped'; readonly forMs: number }
  | { readonly atMs: number; readonly kind: 'person'; readonly what: string };
