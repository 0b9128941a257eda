/** A lease of the exhaustive check lasts exactly as long as the real holder believes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaseLengthMs, PROFILES } from '../../machines/times.ts';
import { holdLease } from '../../services/agent/lease.ts';
import type { Bus } from '../../services/ports.ts';
import type { Renew } from '../../services/protocol.ts';
import { extended } from '../../sim/check/holder.ts';
import { createMemory } from '../../sim/memory.ts';

const times = PROFILES.fast;
const voters = ['v1', 'v2', 'v3'];
const say = { info() {}, warn() {}, error() {} };

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 50, 250, 400, 3_000) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const) }) },
  // Any voter's answer to any renewal, again or late or from nobody.
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      renewal: fc.nat(2),
      voter: fc.constantFrom(...voters, 'stranger'),
      says: fc.constantFrom('promised' as const, 'promised' as const, 'promised' as const, 'refused' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('new-life' as const) }) },
);

test('the holder of the exhaustive check believes what the real one believes', () => {
  let leased = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), (steps) => {
      let nowMs = 0;
      let send = () => {};
      const sent: { message: Renew; hear: (answer: unknown) => boolean }[] = [];
      const bus = {
        gather: (_: string, message: Renew, __: number, hear: (answer: unknown) => boolean) => {
          sent.push({ message, hear });
          return new Promise<void>(() => {});
        },
        onReach(callback: () => void) {
          send = callback;
          return () => {};
        },
      } as unknown as Bus;
      const memory = createMemory();
      const clock = { now: () => nowMs, wall: () => nowMs, after: () => () => {} };
      const lease = holdLease(
        { host: 'h', voters, times },
        0,
        { bus, clock, say, memory },
        { extended() {}, ended() {} },
      );

      let left = Number.NEGATIVE_INFINITY;
      let renewals = [{ age: 0, heard: new Set<string>() }];
      let life = 0;
      let dead = 0;
      for (const one of steps) {
        switch (one.kind) {
          case 'pass':
            nowMs += one.ms;
            left -= one.ms;
            for (const renewal of renewals) renewal.age += one.ms;
            break;
          case 'send':
            send();
            break;
          case 'new-life':
            lease.restart(++life);
            left = Number.NEGATIVE_INFINITY;
            dead = renewals.length;
            break;
          case 'answer': {
            // Counted from the latest.
            const at = renewals.length - 1 - one.renewal;
            const renewal = renewals[at];
            if (!renewal) break;
            const answer = { kind: one.says, voter: one.voter, n: sent[at]!.message.n };
            sent[at]!.hear(one.says === 'refused' ? { ...answer, reason: '' } : answer);
            if (one.says !== 'promised' || one.voter === 'stranger' || at < dead || renewal.heard.has(one.voter)) break;
            renewal.heard.add(one.voter);
            if (renewal.heard.size === 2) left = extended(left, leaseLengthMs(times), renewal.age);
          }
        }
        // Whatever moved the holder to ask again: its question went out just now.
        while (sent.length > renewals.length) renewals.push({ age: 0, heard: new Set() });
        expect(lease.endMs() - nowMs).toBeCloseTo(left, 6);
        if (left > 0) leased += 1;
      }
      lease.stop();
      renewals = [];
    }),
    { numRuns: 400 },
  );
  expect(leased, 'leases must have been held').toBeGreaterThan(1_000);
});
