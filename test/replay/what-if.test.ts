/** The same world under another cluster file: what is compared can be trusted, and the change is seen. */
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { changeSpec } from '../../cli/replay/change.ts';
import type { Stored } from '../../machines/entries.ts';
import { scriptOf } from '../../sim/replay/script.ts';
import { type WhatIf, whatIf } from '../../sim/replay/what-if.ts';
import { logOf, shop } from './make-log.ts';

const parse = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Stored);
const shopLog = parse(
  readFileSync(new URL('shop.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n'),
);

/** Hours of virtual time on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const ask = (changes: readonly string[], entries = shopLog, runs = 1): Promise<WhatIf> => {
  const script = scriptOf(entries)!;
  return whatIf(entries, script, changeSpec(script.spec, changes), runs);
};

test('the rehearsal under the same file does again what the log tells', async () => {
  const { agreement } = await ask(['profile=fast']);
  expect(agreement.differs).toEqual([]);
  expect(agreement.farthestMs).toBeLessThan(250);
});

test('standard times notice a lost host later, and nothing else changes', async () => {
  const { log, baseline, changed } = await ask(['profile=standard']);
  const [first] = changed.incidents;
  expect(baseline.incidents[0]!.times.detected!.median).toBeLessThan(1_400);
  expect(first!.times.detected!.median).toBeGreaterThan(2_400);
  expect(first!.times.running!.median - first!.times.detected!.median).toBeLessThan(1_500);
  expect(changed.downMs.median).toBeGreaterThan(1.5 * log.downMs.median);
  expect(changed.guests).toEqual(baseline.guests);
});

test('another ladder sends a crashed guest elsewhere', async () => {
  const { baseline, changed } = await ask(['ladder.mail.inPlace.tries=0']);
  expect(baseline.incidents[1]!.ended).toEqual([{ word: 'started on h2', runs: 1 }]);
  expect(changed.incidents[1]!.ended[0]!.word).toMatch(/^started on h[13]$/);
});

test('another placement puts guests elsewhere from the beginning', async () => {
  const { changed } = await ask(['guests.web.prefers=h3', 'guests.db.prefers=h3']);
  expect(changed.incidents[0]!.guests).toEqual({});
});

test('silences that were too short for this log are said to be missing', async () => {
  const faults = [{ atMs: 20_000, fault: { kind: 'kill-guest', guest: 'ci' } }] as const;
  const { assumed } = await ask(['times.suspectMs=800'], parse(await logOf(faults, 40_000)));
  expect(assumed.join()).toContain('silences shorter than 1.0 s never came into this log');
});

test('asked twice, it says the same, byte for byte', async () => {
  const once = await ask(['profile=standard']);
  expect(JSON.stringify(await ask(['profile=standard']))).toBe(JSON.stringify(once));
});

test.each([
  [['times.suspectms=2000'], 'there is no "suspectms" in times; did you mean "suspectMs"?'],
  [['guests.wbe.priority=1'], 'there is no "wbe" in guests; did you mean "web"?'],
  [['ladder.web.inplace.tries=0'], 'there is no "inplace" in guests.web.ladder; did you mean "inPlace"?'],
  [['hosts.h1.memory=5'], 'there is no "memory" in hosts.h1; known there: address, '],
  [['profile=fats'], 'did you mean profile=fast?'],
  [['times.suspectMs=soon'], 'times.suspectMs cannot be that'],
  [['times.suspectMs=100'], 'suspectMs 100 is less than three heartbeats of 250 ms'],
  [['guests.web.prefers=h9'], 'h9'],
  [['times'], 'there is no "=" in it'],
  [['cluster.name=x'], 'cluster has nothing below it'],
])('%j is refused: %s', (changes, reason) => {
  expect(() => changeSpec(shop, changes)).toThrow(reason);
});

test('a change is what the cluster file would say', () => {
  expect(changeSpec(shop, ['profile=wan']).times.leaseMs).toBe(60_000);
  // Times that the file sets by itself stay.
  expect(changeSpec(changeSpec(shop, ['times.suspectMs=1500']), ['profile=fast']).times.suspectMs).toBe(1_500);
  expect(changeSpec(shop, ['guests.web.prefers=']).guests.web!.prefers).toBeUndefined();
  expect(changeSpec(shop, ['guests.web.apart=["db"]']).guests.web!.apart).toEqual(['db']);
  expect(shop.guests.web!.prefers).toBe('h1');
});
