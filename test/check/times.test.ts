import { expect, test } from 'vitest';
import { leaseLengthMs, PROFILES, RHO, restartPromiseMs, waitOutMs } from '../../machines/times.ts';
import { leaseLength, restartPromise, waitOut } from '../../sim/check/times.ts';

test('the sums of the exhaustive check are those of the lease protocol', () => {
  for (const times of Object.values(PROFILES)) {
    expect(leaseLength(times.leaseMs, RHO)).toBeCloseTo(leaseLengthMs(times), 6);
    expect(restartPromise(times.leaseMs, RHO)).toBeCloseTo(restartPromiseMs(times), 6);
    expect(waitOut(1_234, RHO)).toBeCloseTo(waitOutMs(1_234), 6);
    // What the check `host` rests on: a pet given while guests were paused is over before a lease that begins late is.
    expect(times.suspectMs + times.watchdogMs + 250).toBeLessThanOrEqual(leaseLengthMs(times));
  }
});
