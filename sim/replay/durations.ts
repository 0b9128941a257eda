/** How long things took there, so that a rehearsal takes as long. */
import { duration } from '../../machines/sentences.ts';
import { MODEL } from '../model.ts';
import type { Model } from '../simulation.ts';
import type { Step } from './script.ts';

type Learned = 'appendMs' | 'startMs' | 'migrationMs' | 'bmcOffMs' | 'bmcStatusMs' | 'hostBootMs';

const NAMES: Readonly<Record<Learned, string>> = {
  appendMs: 'append to the log',
  startMs: 'guest start',
  migrationMs: 'live migration',
  bmcOffMs: 'power off',
  bmcStatusMs: 'reading the power',
  hostBootMs: 'host boot',
};

export function durationsOf(steps: readonly Step[]): {
  readonly model: Partial<Model>;
  readonly lines: readonly string[];
} {
  const seen: Record<Learned, number[]> = {
    appendMs: appends(steps),
    startMs: [],
    migrationMs: [],
    bmcOffMs: [],
    bmcStatusMs: [],
    hostBootMs: [],
  };
  const appendMs = middle(seen.appendMs) ?? (MODEL.appendMs[0] + MODEL.appendMs[1]) / 2;
  const at = new Map(steps.map(({ stored, atMs }) => [stored.entry.id, atMs]));
  const switchedOn = new Map<string, number>();

  for (const { stored, atMs } of steps) {
    const { entry } = stored;
    const grantedMs = 'token' in entry.data && entry.data.token ? at.get(entry.data.token) : undefined;
    // The grant carries the time before it was appended; only then could the command be sent.
    const tookMs = grantedMs === undefined ? null : Math.max(1, atMs - grantedMs - appendMs);
    if (entry.type === 'start.succeeded' && tookMs !== null) seen.startMs.push(tookMs);
    if (entry.type === 'migration.succeeded' && tookMs !== null) seen.migrationMs.push(tookMs);
    if (entry.type === 'power-on.succeeded') switchedOn.set(entry.subject, atMs);
    if (entry.type === 'host.joined') {
      const onMs = switchedOn.get(entry.subject);
      if (onMs !== undefined) seen.hostBootMs.push(Math.max(1, atMs - onMs));
      switchedOn.delete(entry.subject);
    }
    if (entry.type === 'fence.proven' && entry.data.proof.kind === 'R2') {
      const { readings, readingsApartMs } = entry.data.proof;
      const statusMs = Math.max(1, readings[1]!.atMs - readings[0]!.atMs - readingsApartMs);
      seen.bmcStatusMs.push(statusMs);
      seen.bmcOffMs.push(Math.max(1, readings[0]!.atMs - statusMs));
    }
  }

  const model: Partial<Record<Learned, readonly [number, number]>> = {};
  const lines: string[] = [];
  for (const name of Object.keys(NAMES) as Learned[]) {
    const values = seen[name].sort((a, b) => a - b);
    if (values.length === 0) continue;
    // With many seen, the odd one that waited for something else tells nothing of the usual.
    const odd = Math.floor(values.length / 10);
    const range = [Math.round(values[odd]!), Math.round(values.at(-1 - odd)!)] as const;
    model[name] = range;
    const [least, most] = range.map(duration);
    lines.push(
      `${NAMES[name]} ${least === most ? least : `${least} to ${most}`} (seen ${values.length === 1 ? 'once' : `${values.length} times`})`,
    );
  }
  return { model, lines };
}

/** Entries carry the time before they are appended, so within one batch of decisions the next one tells how long that took. */
function appends(steps: readonly Step[]): number[] {
  const took: number[] = [];
  for (const [i, { stored, atMs }] of steps.entries()) {
    const before = steps[i - 1];
    if (stored.entry.type !== 'guest.granted' || before?.stored.entry.type !== 'guest.granted') continue;
    if (before.stored.entry.epoch === stored.entry.epoch && before.stored.seq === stored.seq - 1)
      took.push(Math.max(0, atMs - before.atMs));
  }
  const typical = middle(took);
  // A batch may end and the next one begin later: that gap is no append.
  return typical === null ? [] : took.filter((ms) => ms <= 5 * typical + 5);
}

const middle = (values: readonly number[]): number | null =>
  values.length === 0 ? null : [...values].sort((a, b) => a - b)[values.length >> 1]!;
