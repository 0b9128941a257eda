import { beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../services/ports.ts';
import type { Passing } from './time.ts';

export interface ClockHarness extends Passing {
  readonly clock: Clock;
  /** The same clock as another process of this machine reads it (the petter, libvirt's hook). */
  elsewhere(): Promise<number>;
}

export function clockContract(name: string, makeHarness: () => ClockHarness): void {
  describe(`Clock, ${name}`, () => {
    let it: ClockHarness;
    beforeAll(() => {
      it = makeHarness();
    });

    test('never runs backwards, and goes on', async () => {
      const readings = Array.from({ length: 20_000 }, () => it.clock.now());
      expect(readings.every((reading, n) => n === 0 || reading >= readings[n - 1]!)).toBe(true);
      await it.advance(20);
      const passedMs = it.clock.now() - readings[0]!;
      expect(passedMs).toBeGreaterThan(15);
      expect(passedMs).toBeLessThan(10_000);
    });

    test('two processes of one machine read the same clock', async () => {
      const before = it.clock.now();
      const there = await it.settle(it.elsewhere());
      expect(there).toBeGreaterThanOrEqual(before);
      expect(there).toBeLessThanOrEqual(it.clock.now());
    });

    test('the wall clock goes on with it', async () => {
      const [wall, now] = [it.clock.wall(), it.clock.now()];
      await it.advance(50);
      expect(Math.abs(it.clock.wall() - wall - (it.clock.now() - now))).toBeLessThan(20);
    });

    test('a timer never fires early, never within the call that sets it, and once', async () => {
      const fired = Array.from({ length: 50 }, () => 0);
      const early: number[] = [];
      for (const n of fired.keys()) {
        const due = it.clock.now() + n;
        it.clock.after(n, () => {
          fired[n]! += 1;
          if (it.clock.now() < due) early.push(due - it.clock.now());
        });
      }
      expect(fired.every((times) => times === 0)).toBe(true);
      await it.until('all have fired', () => fired.every((times) => times > 0));
      await it.advance(60);
      expect(fired.every((times) => times === 1)).toBe(true);
      expect(early).toEqual([]);
    });

    test('a cancelled timer does not fire, also when another cancels it, and cancelling it late is harmless', async () => {
      let fired = 0;
      it.clock.after(10, () => expect.unreachable('cancelled'))();
      const later = it.clock.after(40, () => expect.unreachable('cancelled by the one before'));
      const first = it.clock.after(5, () => {
        fired += 1;
        later();
      });
      await it.until('the first has fired', () => fired > 0);
      first();
      await it.advance(60);
      expect(fired).toBe(1);
    });
  });
}
