/** Where the time went, read from the log's own entries and from the guests' answers. */
import type { Entry, Stored } from '../../machines/entries.ts';
import { sentence } from '../../machines/sentences.ts';
import { type GuestReport, PHASES, type Phase, type Phases, type TimelineLine } from './drill.ts';
import type { Prober } from './prober.ts';

const NOTHING: Phases = { detectedMs: null, provenMs: null, decidedMs: null, runningMs: null, answeringMs: null };

const at = (entry: Entry) => Date.parse(entry.time);

/** `before`: where each guest ran before the fault. Only entries and answers after `faultMs` count. */
export function measureGuest(
  guest: string,
  from: string | null,
  entries: readonly Stored[],
  prober: Prober,
  faultMs: number,
): GuestReport {
  const all = entries.map(({ entry }) => entry);
  const after = all.filter((entry) => at(entry) >= faultMs);
  const since = (entry: Entry | undefined) => (entry && at(entry) >= faultMs ? at(entry) - faultMs : null);
  const own = after.filter((entry) => entry.subject === `guest/${guest}`);

  const detected = after.find(
    (entry) =>
      (entry.type === 'host.suspected' && entry.subject === `host/${from}`) ||
      ((entry.type === 'guest.crashed' || entry.type === 'guest.hung') && entry.subject === `guest/${guest}`),
  );
  const granted = own.findLast((entry) => entry.type === 'guest.granted');
  const proof = granted && all.find((entry) => entry.id === granted.data.release.entry);
  const started = own.findLast((entry) => entry.type === 'start.succeeded');
  const answer = prober.lives(guest).find((life) => life.firstMs >= faultMs);
  return {
    from,
    to: started?.data.host ?? from,
    detectedMs: since(detected),
    provenMs: since(proof),
    decidedMs: since(granted),
    runningMs: since(started),
    answeringMs: answer ? answer.firstMs - faultMs : null,
  };
}

/** Of all guests together: when the first was noticed, and when the last came through each later phase. */
export function overall(guests: readonly Phases[]): Phases {
  if (guests.length === 0) return NOTHING;
  const of = (phase: Phase): number | null => {
    const times = guests.map((guest) => guest[phase]);
    if (phase === 'detectedMs') return times.reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b)), null);
    return times.includes(null) ? null : Math.max(...(times as number[]));
  };
  return Object.fromEntries(PHASES.map((phase) => [phase, of(phase)])) as Phases;
}

export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return null;
  const middle = Math.floor(known.length / 2);
  return known.length % 2 ? known[middle]! : Math.round((known[middle - 1]! + known[middle]!) / 2);
}

export function timelineOf(entries: readonly Stored[], faultMs: number): TimelineLine[] {
  return entries
    .map(({ entry }) => ({ atMs: at(entry) - faultMs, what: sentence(entry) }))
    .filter(({ atMs }) => atMs >= 0);
}
