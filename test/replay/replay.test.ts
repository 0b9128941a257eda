/** A log that was kept is proven whole, entry by entry, and folds to what every node folded. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet } from '../../machines/fleet.ts';
import { apply } from '../../machines/fold.ts';
import { stateHash } from '../../machines/state-hash.ts';
import { replay } from '../../sim/replay/replay.ts';

const text = readFileSync(new URL('shop.jsonl', import.meta.url), 'utf8');
const lines = text.trimEnd().split('\n');
const entries = lines.map((line) => JSON.parse(line) as Stored);

/** As it stands after each entry, folded one by one. */
const stepwise = [emptyFleet];
for (const stored of entries) stepwise.push(apply(stepwise.at(-1)!, stored));

test('any prefix folds to the state that was reached step by step', async () => {
  for (let length = 0; length <= lines.length; length++) {
    const { stateHash: found, fleet, broken } = await replay(lines.slice(0, length));
    expect([found, fleet.seq, broken]).toEqual([stateHash(stepwise[length]!), length, null]);
  }
});

test('--until an entry, or a time, is that prefix', async () => {
  const whole = entries.length;
  const prefixes = fc.integer({ min: 0, max: whole + 3 });
  await fc.assert(
    fc.asyncProperty(prefixes, async (seq) => {
      const stopped = await replay(lines, { until: { seq } });
      expect(stopped.stateHash).toBe(stateHash(stepwise[Math.min(seq, whole)]!));
    }),
  );
  const suspected = entries.find(({ entry }) => entry.type === 'host.suspected')!;
  const atMs = Date.parse(suspected.entry.time);
  expect((await replay(lines, { until: { atMs } })).fleet.hosts.h1!.state).toBe('suspect');
  expect((await replay(lines, { until: { atMs: atMs - 1 } })).fleet.hosts.h1!.state).toBe('running');
});

test('a state hash asked for on the way is the one of that place', async () => {
  expect((await replay(lines, { markSeq: 17 })).marked).toBe(stateHash(stepwise[17]!));
  expect((await replay(lines, { markSeq: 17, until: { seq: 16 } })).marked).toBeNull();
});

test('whatever byte is altered, that is found, and what comes before is good', async () => {
  const bytes = Buffer.from(text);
  const anywhere = fc.record({
    at: fc.integer({ min: 0, max: bytes.length - 1 }),
    by: fc.integer({ min: 1, max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(anywhere, async ({ at, by }) => {
      const altered = Buffer.from(bytes);
      altered[at]! ^= by;
      // As the command line reads a file: what follows the last line break is a line too.
      const read = altered.toString('utf8').split('\n');
      const found = await replay(read.at(-1) === '' ? read.slice(0, -1) : read);
      const line = bytes.subarray(0, at).toString('latin1').split('\n').length;
      expect(found.broken).not.toBeNull();
      // A line break that is gone breaks its own line; one that is new, the rest of its line.
      expect(found.broken!.seq).toBe(line);
      expect(found.stateHash).toBe(stateHash(stepwise[line - 1]!));
    }),
    { numRuns: 400 },
  );
});

/** The entry at `seq` as `change` makes it, with a hash that fits. */
function forged(seq: number, change: (entry: Record<string, unknown>) => object): string[] {
  const { entry } = entries[seq - 1]!;
  const bytes = JSON.stringify(change({ ...entry }));
  const hash = createHash('sha256').update(bytes).digest('hex');
  return lines.with(seq - 1, `{"seq":${seq},"hash":"${hash}","entry":${bytes}}`);
}

test.each<[string, string[], number, RegExp]>([
  ['a line that is cut off', lines.with(41, lines[41]!.slice(0, 200)), 42, /its line is cut off/],
  ['something that is no log', ['hello'], 1, /not as "rekindle log --json" prints it/],
  ['a missing entry', lines.toSpliced(6, 1), 7, /it is missing$/],
  ['a filtered log', lines.filter((_line, i) => i < 3 || i > 10), 4, /it is missing, and all up to entry 12/],
  ['an end without its beginning', lines.slice(20), 1, /begins at entry 21; a replay needs all of it/],
  ['an entry twice', lines.toSpliced(9, 0, lines[8]!), 10, /entry 9 stands in its place/],
  ['an altered entry with a new hash', forged(8, (e) => ({ ...e, cause: 'operator' })), 9, /does not follow entry 8/],
  ['an entry of a later version', forged(8, (e) => ({ ...e, type: 'guest.cloned' })), 8, /this version cannot read it/],
])('%s: the place, what is wrong there, and what is good before', async (_name, given, seq, reason) => {
  const { broken, fleet, stateHash: found } = await replay(given);
  expect(broken?.seq).toBe(seq);
  expect(broken?.message).toMatch(reason);
  const good = await replay(given, { until: { seq: seq - 1 } });
  expect([good.broken, good.stateHash]).toEqual([null, found]);
  expect(fleet.seq).toBe(seq - 1);
});
