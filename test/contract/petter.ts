import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WATCHDOG_SLACK_MS } from '../../machines/times.ts';
import type { Petter } from '../../services/ports.ts';
import type { Passing } from './time.ts';

/** A machine of its own, just booted. */
export interface PetterHarness extends Passing {
  /** Clock.now of the machine. */
  now(): number;
  /** rekindled begins, or begins anew. */
  daemon(): Petter;
  /** rekindled dies. */
  killDaemon(): void;
  killPetter(): void;
  /** The petter stands still. */
  freezePetter(): void;
  /** When the watchdog was petted, on the Clock. */
  pets(): readonly number[];
  /** When the machine was reset, on the Clock; null while it runs. */
  resetMs(): number | null;
}

/** Short, and not so short that a busy machine cannot keep it. */
const W = 1_000;

/** `bites`: false for a watchdog that only notes its pets. */
export function petterContract(
  name: string,
  makeHarness: (timeoutMs: number, bites?: boolean) => Promise<PetterHarness>,
): void {
  describe(`Petter, ${name}`, () => {
    /** A machine with a petted watchdog and a long lease. */
    const petted = async (timeoutMs = W) => {
      const it = await makeHarness(timeoutMs);
      const petter = it.daemon();
      petter.setUntil(it.now() + 60_000);
      await it.until('armed', () => petter.armed() !== null);
      return { it, petter };
    };

    test('armed is what was petted and read back, not what was asked for', async () => {
      const it = await makeHarness(W);
      const petter = it.daemon();
      await it.advance(700);
      expect(petter.armed()).toBeNull();
      petter.setUntil(it.now() + 60_000);
      await it.until('armed', () => petter.armed() !== null);
      expect(petter.armed()).toEqual({ timeoutMs: W, what: expect.stringMatching(/./) });
      it.killPetter();
      await it.until('not armed as far as is known', () => petter.armed() === null);
    });

    test('without a lease nothing is petted, nothing is armed, and nothing is ever reset', async () => {
      const it = await makeHarness(W);
      const petter = it.daemon();
      petter.setUntil(it.now() + W);
      await it.advance(2 * W);
      expect([it.pets(), petter.armed(), it.resetMs()]).toEqual([[], null, null]);
    });

    test('no pet ever outlives the lease it was given for, whatever leases come and when', {
      timeout: 60_000,
    }, async () => {
      const it = await makeHarness(200, false);
      const petter = it.daemon();
      const step = fc.record({
        aheadMs: fc.integer({ min: -200, max: 900 }),
        waitMs: fc.integer({ min: 0, max: 150 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          const from = it.pets().length;
          const leases: { readonly givenMs: number; readonly untilMs: number }[] = [];
          for (const { aheadMs, waitMs } of steps) {
            const givenMs = it.now();
            leases.push({ givenMs, untilMs: givenMs + aheadMs });
            petter.setUntil(givenMs + aheadMs);
            await it.advance(waitMs);
          }
          petter.setUntil(0);
          await it.advance(50);
          for (const pettedMs of it.pets().slice(from)) {
            // What the petter could have known: leases given before the pet. The longest is the most it may use.
            const known = leases.filter(({ givenMs }) => givenMs <= pettedMs).map(({ untilMs }) => untilMs);
            expect(pettedMs + 200 + WATCHDOG_SLACK_MS).toBeLessThanOrEqual(Math.max(...known));
          }
        }),
        { numRuns: 12 },
      );
      expect(it.pets().length).toBeGreaterThan(5);
    });

    test('a lease is used to its end, without rekindled too, and its end resets the machine in time', async () => {
      const { it, petter } = await petted();
      const untilMs = it.now() + 3_500;
      petter.setUntil(untilMs);
      await it.advance(100);
      it.killDaemon();
      await it.until('reset', () => it.resetMs() !== null);
      const lastMs = it.pets().at(-1)!;
      expect(lastMs).toBeLessThanOrEqual(untilMs - W - WATCHDOG_SLACK_MS);
      expect(lastMs).toBeGreaterThan(untilMs - W - WATCHDOG_SLACK_MS - 500);
      expect(it.resetMs()).toBeGreaterThanOrEqual(lastMs + W);
      expect(it.resetMs()).toBeLessThan(untilMs);
    });

    test('a lease taken back is obeyed at once, and by the petter that a later rekindled finds', async () => {
      const { it } = await petted();
      it.killDaemon();
      const next = it.daemon();
      await it.until('the next one learns what is armed', () => next.armed() !== null);
      next.setUntil(it.now() - 1);
      await it.advance(50);
      const [pets, fromMs] = [it.pets().length, it.now()];
      await it.until('reset', () => it.resetMs() !== null);
      expect(it.pets().length).toBe(pets);
      expect(it.resetMs()! - fromMs).toBeLessThan(W + WATCHDOG_SLACK_MS);
    });

    test('a petter that dies is started again by rekindled under the same lease, in time to save the machine', async () => {
      const { it, petter } = await petted(2 * W);
      const pets = it.pets().length;
      it.killPetter();
      await it.until('armed again', () => petter.armed() !== null && it.pets().length > pets);
      await it.advance(2.2 * W);
      expect(it.resetMs()).toBeNull();
    });

    test.each([
      ['dies with nobody to start it again', 'killPetter'],
      ['stands still', 'freezePetter'],
    ] as const)('a petter that %s: the machine is reset within W + δ of the last pet', async (_, happens) => {
      const { it } = await petted();
      it.killDaemon();
      it[happens]();
      await it.until('reset', () => it.resetMs() !== null);
      const sinceMs = it.resetMs()! - it.pets().at(-1)!;
      expect(sinceMs).toBeGreaterThanOrEqual(W);
      expect(sinceMs).toBeLessThan(W + WATCHDOG_SLACK_MS);
    });
  });
}
