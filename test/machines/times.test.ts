import { expect, test } from 'vitest';
import { impossibleTimes, PROFILES } from '../../machines/times.ts';

test.each(Object.entries(PROFILES))('the times of the profile %s can hold', (_, times) => {
  expect(impossibleTimes(times)).toEqual([]);
});

test('a suspicion so late that a pet given before it could outlast the lease is refused, with the sum', () => {
  expect(impossibleTimes({ ...PROFILES.fast, suspectMs: 2_700 })).toEqual([]);
  expect(impossibleTimes({ ...PROFILES.fast, suspectMs: 3_000, quiesceMs: 3_000 })).toEqual([
    expect.stringMatching(/^suspectMs 3000 is too long: .* makes 5250 ms, more than the 4950 ms of a lease/),
  ]);
});
