/** The exhaustive check in bounds of a few seconds, and that it notices when a rule is broken. */
import { describe, expect, test } from 'vitest';
import { SMALL, VARIANTS } from '../../sim/check/variants.ts';

const most = 1_000_000;

describe('every state of the tiny world', { timeout: 120_000 }, () => {
  test.each(SMALL.map((check) => [check.check, check] as const))('%s: no violation', (_, check) => {
    const { ended, trace, states } = check.run({ most });
    expect(trace).toEqual([]);
    expect(ended).toBe('no-violation');
    expect(states).toBeGreaterThan(1_000);
  });
});

/** Those found within a second each; `node sim/check/main.ts --variants` runs them all. */
const QUICK = [
  'no-wait',
  'one-voter-certificate',
  'stale-sight',
  'resume-uncounted',
  'fence-without-wait',
  'no-survey',
  'held-grant-failed',
];

describe('a broken rule is found', { timeout: 120_000 }, () => {
  test.each(QUICK)('%s', (name) => {
    const { violation, trace } = VARIANTS.find((variant) => variant.name === name)!.run({ most });
    expect(violation).not.toBeNull();
    // Told in words from the first step to the last.
    expect(trace.filter((line) => line.includes('cannot be told'))).toEqual([]);
    expect(trace.length).toBeGreaterThan(2);
  });
});
