import { beforeEach, describe, expect, test } from 'vitest';
import type { StartGuard } from '../../services/ports.ts';
import type { Passing } from './time.ts';

/** A host just booted, of whose guests are g1 and g2. */
export interface StartGuardHarness extends Passing {
  /** The guard as a rekindled has it that has just begun. */
  begin(): StartGuard;
  /** Clock.now. */
  now(): number;
  /** Whether libvirt's hook lets the guest start. */
  mayStart(guest: string): Promise<boolean>;
}

export function startGuardContract(name: string, makeHarness: () => StartGuardHarness): void {
  describe(`StartGuard, ${name}`, () => {
    let it: StartGuardHarness;
    let guard: StartGuard;
    const allowed = async () => [await it.settle(it.mayStart('g1')), await it.settle(it.mayStart('g2'))];
    beforeEach(() => {
      it = makeHarness();
      guard = it.begin();
    });

    test('nothing starts before there are both a grant and a lease', async () => {
      expect(await allowed()).toEqual([false, false]);
      guard.allow('g1', '1.1');
      expect(await allowed()).toEqual([false, false]);
      guard.setLeaseEnd(it.now() + 60_000);
      expect(await allowed()).toEqual([true, false]);
    });

    test('a grant can be given anew, taken back, and taken back twice', async () => {
      guard.setLeaseEnd(it.now() + 60_000);
      guard.allow('g1', '1.1');
      guard.allow('g1', '1.2');
      guard.allow('g2', '1.3');
      expect(await allowed()).toEqual([true, true]);
      for (const _ of [1, 2]) guard.revoke('g1');
      expect(await allowed()).toEqual([false, true]);
    });

    test('after the end of the lease nothing starts, until it is given again', async () => {
      guard.allow('g1', '1.1');
      guard.setLeaseEnd(it.now() + 1_500);
      expect(await allowed()).toEqual([true, false]);
      await it.advance(1_500);
      expect(await allowed()).toEqual([false, false]);
      guard.setLeaseEnd(it.now() + 60_000.7);
      expect(await allowed()).toEqual([true, false]);
      // Up to a grain of the clock too early, never too late.
      guard.setLeaseEnd(it.now());
      expect(await allowed()).toEqual([false, false]);
    });

    test.each([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, -1, 0])(
      'a lease end of %d is none',
      async (endMs) => {
        guard.allow('g1', '1.1');
        guard.setLeaseEnd(endMs);
        expect(await allowed()).toEqual([false, false]);
      },
    );

    test('what was granted holds over a restart of rekindled', async () => {
      guard.allow('g1', '1.1');
      guard.setLeaseEnd(it.now() + 60_000);
      it.begin();
      expect(await allowed()).toEqual([true, false]);
    });
  });
}
