import { expect, test } from 'vitest';
import { allSwitches } from '../../services/all-switches.ts';
import type { Outcome, PowerSwitch } from '../../services/ports.ts';

type State = Awaited<ReturnType<PowerSwitch['status']>>;
const done: Outcome = { kind: 'succeeded', detail: 'read back' };
const failed: Outcome = { kind: 'failed', reason: 'no answer' };
const unknown: Outcome = { kind: 'unknown', reason: 'no answer in time' };

const outlet = (method: string, state: State, outcome: Outcome = done, readingsApartMs = 100): PowerSwitch => ({
  method,
  readingsApartMs,
  off: async () => outcome,
  on: async () => outcome,
  status: async () => state,
});

test.each<[State, State, State]>([
  ['off', 'off', 'off'],
  ['off', 'on', 'on'],
  ['on', 'on', 'on'],
  ['off', 'unknown', 'unknown'],
  ['unknown', 'on', 'on'],
  ['unknown', 'unknown', 'unknown'],
])('outlets that read %s and %s make a host that is %s', async (one, other, whole) => {
  expect(await allSwitches([outlet('a', one), outlet('b', other)], 1).status()).toBe(whole);
});

test.each<[Outcome, Outcome, Outcome['kind']]>([
  [done, done, 'succeeded'],
  [done, failed, 'failed'],
  [failed, done, 'failed'],
  [failed, unknown, 'unknown'],
])('an off of %j and %j is %s as a whole', async (one, other, kind) => {
  const both = allSwitches([outlet('a', 'off', one), outlet('b', 'off', other)], 1);
  expect(await both.off()).toMatchObject({ kind });
  expect(await both.on()).toMatchObject({ kind });
});

test('its readings are as far apart as its slowest way needs', () => {
  const both = allSwitches([outlet('a', 'on', done, 100), outlet('b', 'on', done, 3_000)], 2);
  expect([both.readingsApartMs, both.level, both.method]).toEqual([3_000, 2, 'a and b']);
});
