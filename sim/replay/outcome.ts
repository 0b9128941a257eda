/** How it went, measured in a log alone: the same yardstick for what happened and for what would have happened. */
import type { Stored } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { guestsOn } from '../../machines/routing.ts';
import { nameOf } from '../../machines/sentences.ts';
import { get } from '../../machines/table.ts';
import { CRASH_LOOP_MS } from './guest-troubles.ts';
import { type Step, stepsOf } from './script.ts';

/** When an incident happened on the clock of this log. */
export interface Moment {
  readonly subject: string;
  readonly atMs: number;
}

export const STAGES = ['detected', 'proven', 'decided', 'running'] as const;
export type Stage = (typeof STAGES)[number];

/** Milliseconds after the incident; null for what did not come. */
export type Times = Readonly<Record<Stage, number | null>>;

export interface IncidentOutcome {
  readonly times: Times;
  /** What became of it: `fenced by R2`, `heard again`, `not noticed`, `blocked`, `started on h2`, … */
  readonly ended: string;
  /** Guests that it hit, to where each was started again; else to where it stayed; null: nowhere. */
  readonly guests: Readonly<Record<string, string | null>>;
}

export const COUNTS = [
  'suspicions',
  'fences',
  'fences failed',
  'guest starts',
  'starts failed',
  'migrations',
  'no place found',
  'elections',
] as const;
export type Count = (typeof COUNTS)[number];

export interface Outcome {
  readonly incidents: readonly IncidentOutcome[];
  readonly counts: Readonly<Record<Count, number>>;
  /** Guest to `running on h2`, `blocked` and the like, at the end. */
  readonly guests: Readonly<Record<string, string>>;
  readonly hosts: Readonly<Record<string, string>>;
  /** All guests together: from each incident to their running again, or to the end. */
  readonly downMs: number;
}

/** `moments` in the order of time; entries before `sinceMs` are only folded. */
export function outcomeOf(
  entries: readonly Stored[],
  moments: readonly Moment[],
  sinceMs: number,
  endMs: number,
): Outcome {
  const steps = stepsOf(entries);
  const last = steps.at(-1)!.after;
  const incidents = moments.map((moment, i) => {
    const next = moments.slice(i + 1).find(({ subject }) => subject === moment.subject);
    return incidentOf(steps, moment, next?.atMs ?? Number.POSITIVE_INFINITY);
  });
  return {
    incidents,
    counts: countsOf(steps.filter(({ atMs }) => atMs >= sinceMs)),
    guests: Object.fromEntries(Object.keys(last.guests).map((name) => [name, guestNow(last, name)])),
    hosts: Object.fromEntries(Object.entries(last.hosts).map(([name, { state }]) => [name, state])),
    downMs: downtimeOf(steps, moments, endMs),
  };
}

function incidentOf(steps: readonly Step[], { subject, atMs }: Moment, untilMs: number): IncidentOutcome {
  const earlier = steps.findLast((step) => step.atMs <= atMs)?.after;
  const name = nameOf(subject);
  const hit = subject.startsWith('guest/') ? [name] : earlier ? guestsOn(earlier, name) : [];
  const after = steps.filter((step) => step.atMs > atMs && step.atMs <= untilMs);
  const first = (of: string, ...types: string[]): number | null => {
    const step = after.find(({ stored: { entry } }) => entry.subject === of && types.includes(entry.type));
    return step ? Math.round(step.atMs - atMs) : null;
  };
  const latest = (times: readonly (number | null)[]) => {
    const known = times.filter((ms) => ms !== null);
    return known.length > 0 ? Math.max(...known) : null;
  };
  const times: Times = {
    detected: first(subject, 'host.suspected', 'guest.crashed', 'guest.hung'),
    proven: first(subject, 'fence.proven'),
    decided: latest(hit.map((guest) => first(`guest/${guest}`, 'guest.granted'))),
    running: latest(
      hit.map((guest) => {
        const started = startOf(after, guest);
        return started ? Math.round(started.atMs - atMs) : null;
      }),
    ),
  };
  const end = after.at(-1)?.after ?? earlier;
  return {
    times,
    ended: subject.startsWith('host/') ? hostEnded(after, name, times) : guestEnded(after, name, end),
    guests: Object.fromEntries(
      hit.map((guest) => [guest, startedOn(after, guest) ?? (end ? placeOf(end, guest) : null)]),
    ),
  };
}

function hostEnded(after: readonly Step[], host: string, { detected }: Times): string {
  for (const { stored } of after) {
    const { entry } = stored;
    if (entry.subject !== `host/${host}`) continue;
    if (entry.type === 'fence.proven') return `fenced by ${entry.data.proof.kind}`;
    if (entry.type === 'host.cleared') return 'heard again';
  }
  const state = get(after.at(-1)?.after.hosts ?? {}, host)?.state;
  return detected === null ? 'not noticed' : (state ?? 'gone');
}

function guestEnded(after: readonly Step[], name: string, end: Fleet | undefined): string {
  const host = startedOn(after, name);
  if (host !== undefined) return `started on ${host}`;
  return end ? guestNow(end, name) : 'not there';
}

/** The first start that lasted. */
function startOf(after: readonly Step[], guest: string): Step | undefined {
  const subject = `guest/${guest}`;
  return after.find(
    ({ stored: { entry }, atMs }) =>
      entry.type === 'start.succeeded' &&
      entry.subject === subject &&
      !after.some(
        ({ stored: { entry: later }, atMs: laterMs }) =>
          later.type === 'guest.crashed' &&
          later.subject === subject &&
          laterMs > atMs &&
          laterMs < atMs + CRASH_LOOP_MS,
      ),
  );
}

function startedOn(after: readonly Step[], guest: string): string | undefined {
  const entry = startOf(after, guest)?.stored.entry;
  return entry?.type === 'start.succeeded' ? entry.data.host : undefined;
}

const placeOf = ({ guests }: Fleet, name: string): string | null => {
  const context = get(guests, name)?.context;
  return context && context.release === null ? (context.grant?.host ?? null) : null;
};

function guestNow(fleet: Fleet, name: string): string {
  const guest = get(fleet.guests, name);
  if (!guest) return 'not there';
  const host = placeOf(fleet, name);
  return guest.state === 'running' && host ? `on ${host}` : guest.state;
}

const COUNTED: Readonly<Record<string, Count>> = {
  'host.suspected': 'suspicions',
  'fence.proven': 'fences',
  'fence.failed': 'fences failed',
  'start.succeeded': 'guest starts',
  'start.failed': 'starts failed',
  'start.unknown': 'starts failed',
  'migration.succeeded': 'migrations',
  'guest.unplaced': 'no place found',
  'leader.elected': 'elections',
};

function countsOf(steps: readonly Step[]): Record<Count, number> {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, 0])) as Record<Count, number>;
  for (const { stored } of steps) {
    const name = COUNTED[stored.entry.type];
    if (name) counts[name] += 1;
  }
  return counts;
}

/** A guest is down from the incident that hit it until it is started, found or cleared; incidents meanwhile change nothing. */
function downtimeOf(steps: readonly Step[], moments: readonly Moment[], endMs: number): number {
  const down = new Map<string, number>();
  let total = 0;
  let next = 0;
  const hit = (before: Fleet | undefined, untilMs: number) => {
    for (; next < moments.length && moments[next]!.atMs < untilMs; next++) {
      const { subject, atMs } = moments[next]!;
      const name = nameOf(subject);
      for (const guest of subject.startsWith('guest/') ? [name] : before ? guestsOn(before, name) : []) {
        if (before && get(before.guests, guest)?.context.desired === 'running' && !down.has(guest))
          down.set(guest, atMs);
      }
    }
  };
  for (const { stored, atMs, before, after } of steps) {
    hit(before, atMs);
    for (const [guest, sinceMs] of down) {
      const { entry } = stored;
      const back = get(after.guests, guest)?.state === 'running' && get(before.guests, guest)?.state !== 'running';
      if (!(back || (entry.type === 'start.succeeded' && nameOf(entry.subject) === guest))) continue;
      total += Math.round(atMs - sinceMs);
      down.delete(guest);
    }
  }
  hit(steps.at(-1)?.after, endMs);
  // Guests on a host that was never missed went on all the time, as far as this log knows.
  const last = steps.at(-1)?.after;
  for (const [guest, sinceMs] of down)
    if (last && get(last.guests, guest)?.state !== 'running') total += Math.round(Math.max(0, endMs - sinceMs));
  return total;
}
