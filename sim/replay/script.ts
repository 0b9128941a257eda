/**
 * What happened in the world, read out of a log: crashes, silences with their true beginning, power, durations, orders.
 * Never what was decided about it, so the same script can be played to an engine with other rules.
 */
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { apply, rejection } from '../../machines/fold.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Fault } from '../faults.ts';
import type { Model } from '../simulation.ts';
import { durationsOf } from './durations.ts';
import { guestTroubles } from './guest-troubles.ts';
import { ordersOf } from './orders.ts';
import { silencesOf } from './silences.ts';
import { stallsOf } from './stalls.ts';
import { powerSwitchTroubles } from './switch-troubles.ts';

/** Times are epoch milliseconds on the log's clock. */
export interface Happening {
  readonly atMs: number;
  /** It may have happened up to this much later: the log knows the last sign of life, not the fault. */
  readonly spreadMs: number;
  readonly fault: Fault;
  /** What a person would say, without the time. */
  readonly what: string;
  /** Id of the entry that shows it. */
  readonly entry: string;
}

/** Something whose consequences are measured: how soon it was noticed, and all ran again. */
export interface Incident {
  readonly atMs: number;
  readonly spreadMs: number;
  /** `host/NAME` or `guest/NAME`. */
  readonly subject: string;
  readonly what: string;
}

/** What one reader of the log found. */
export interface Found {
  readonly happenings: readonly Happening[];
  readonly incidents: readonly Incident[];
  /** Sentences: where the log does not tell, what was taken to be so. */
  readonly assumed: readonly string[];
  /** Sentences: what the log tells and the rehearsal cannot do again. */
  readonly leftOut: readonly string[];
}

export interface Script extends Found {
  readonly spec: ClusterSpec;
  /** What the log shows of how long things take there. */
  readonly durations: { readonly model: Partial<Model>; readonly lines: readonly string[] };
  /** Guests that ran just before the first happening, since when, and who led then: a rehearsal begins there. */
  readonly ready: { readonly guests: readonly string[]; readonly atMs: number; readonly leader: string | null };
  readonly endMs: number;
}

/** One entry with force, and the state before and after it. */
export interface Step {
  readonly stored: Stored;
  /** Its time; never runs backwards, though leaders' wall clocks differ. */
  readonly atMs: number;
  readonly before: Fleet;
  readonly after: Fleet;
}

/** Null for a log without a cluster file. `entries`: from the first one on. */
export function scriptOf(entries: readonly Stored[]): Script | null {
  const steps = stepsOf(entries);
  const last = steps.at(-1)?.after;
  if (!last?.spec) return null;
  const { spec } = last;
  const durations = durationsOf(steps);
  const stalls = stallsOf(steps, spec);
  const found = [
    stalls,
    silencesOf(steps, spec, durations.model, stalls.writtenLateMs),
    powerSwitchTroubles(steps, spec),
    guestTroubles(steps, spec),
    ordersOf(steps, spec),
  ];
  const happenings = found.flatMap((one) => one.happenings).sort((a, b) => a.atMs - b.atMs);
  return {
    spec,
    // The elections of the stream that the log shows are played as stalls; it has no others.
    durations: { ...durations, model: { ...durations.model, streamElectionMs: [1, 1] } },
    happenings,
    incidents: found.flatMap((one) => one.incidents).sort((a, b) => a.atMs - b.atMs),
    assumed: found.flatMap((one) => one.assumed),
    leftOut: found.flatMap((one) => one.leftOut),
    // What was so from the very beginning is set up before; it does not befall a cluster that runs.
    ready: readyAt(steps, happenings.find(({ atMs }) => atMs > steps[0]!.atMs)?.atMs ?? Number.POSITIVE_INFINITY),
    endMs: steps.at(-1)!.atMs,
  };
}

/** Entries without force are left out: nobody acted upon them. */
export function stepsOf(entries: readonly Stored[]): Step[] {
  const steps: Step[] = [];
  let fleet = emptyFleet;
  for (const stored of entries) {
    const before = fleet;
    fleet = apply(fleet, stored);
    if (rejection(before, stored.entry) === null) steps.push({ stored, atMs: fleet.nowMs, before, after: fleet });
  }
  return steps;
}

function readyAt(steps: readonly Step[], firstMs: number): Script['ready'] {
  const until = steps.filter(({ atMs }) => atMs < firstMs);
  const then = until.at(-1)?.after ?? emptyFleet;
  const guests = Object.keys(then.guests).filter((name) => then.guests[name]!.state === 'running');
  const since = until.findLast(
    ({ stored: { entry } }) => entry.type === 'start.succeeded' || entry.type === 'leader.elected',
  );
  return { guests, leader: then.leader, atMs: since?.atMs ?? steps[0]!.atMs };
}
