/**
 * When the log itself stood still, electing its leader. An entry carries the time before it was appended, so a stall
 * shows only in what should have followed at once and did not.
 */
import { list } from '../../machines/sentences.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Found, Happening, Step } from './script.ts';

/** Shorter pauses have many reasons; the stream's elections take seconds. */
const FROM_MS = 1_000;
/** Longer waits are for something else: a fence held back, a majority that is away. */
const TO_MS = 15_000;

export interface Stalls extends Found {
  /** Entry of a suspicion to how much later than it arose it was written, milliseconds. */
  readonly writtenLateMs: ReadonlyMap<string, number>;
}

export function stallsOf(steps: readonly Step[], { times }: ClusterSpec): Stalls {
  const happenings: Happening[] = [];
  const writtenLateMs = new Map<string, number>();
  const stall = (atMs: number, forMs: number, entry: string) => {
    if (forMs < FROM_MS || forMs > TO_MS) return;
    happenings.push({ atMs, spreadMs: 0, what: 'the log stands still', entry, fault: { kind: 'log-stall', forMs } });
  };

  for (const [i, { stored, atMs }] of steps.entries()) {
    const { entry } = stored;
    const next = steps[i + 1];
    // The leader's own host at least answers its survey within milliseconds.
    if (entry.type === 'leader.elected' && next) stall(atMs, next.atMs - atMs, entry.id);
    if (entry.type !== 'host.suspected') continue;
    const proven = provenNext(steps, i);
    if (!proven) continue;
    const gapMs = proven.atMs - atMs;
    const waitedMs = proven.proof.kind === 'R3' ? proven.proof.waitedMs : proven.proof.readings.at(-1)!.atMs;
    stall(atMs, gapMs - waitedMs, entry.id);
    // No promise was left although the host had not been silent that long: its suspicion is older than its entry.
    const late = times.leaseMs - entry.data.silentMs - gapMs;
    if (proven.proof.kind !== 'R3' || waitedMs > 0 || late < FROM_MS) continue;
    writtenLateMs.set(entry.id, late);
    stall(atMs - late, late, entry.id);
  }
  return {
    happenings,
    incidents: [],
    writtenLateMs,
    leftOut: [],
    assumed: [
      'the log stands still when it did and as long, and never else',
      ...(writtenLateMs.size > 0
        ? [
            `what was suspected while the log stood still was written later (${list([...writtenLateMs.keys()])}): the host is taken to have been silent for one lease by then, and may have been for longer`,
          ]
        : []),
    ],
  };
}

/** The proof that answers the suspicion at `from`, if nothing but the log could hold it up. */
function provenNext(steps: readonly Step[], from: number) {
  const { subject } = steps[from]!.stored.entry;
  for (const { stored, atMs, after } of steps.slice(from)) {
    const { entry } = stored;
    const heldUp = after.frozen !== null || after.brake !== null || entry.type === 'leader.elected';
    const otherwise = entry.subject === subject && /^(fence\.failed|host\.(joined|cleared))$/.test(entry.type);
    if (heldUp || otherwise) return null;
    if (entry.type !== 'fence.proven' || entry.subject !== subject) continue;
    const { proof } = entry.data;
    return proof.kind === 'R2' || proof.kind === 'R3' ? { atMs, proof } : null;
  }
  return null;
}
