import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PowerSwitch } from '../../services/ports.ts';
import type { Passing } from './time.ts';

export interface PowerHarness extends Passing {
  readonly power: PowerSwitch;
  /** The switch gives up after this long. */
  readonly timeoutMs: number;
  /** What is really powered or not. */
  machineRuns(): boolean;
  /** `silent`: answers nothing. `ignores`: acknowledges and does nothing. `slow`: does it after the switch has given up. */
  be?(mode: 'well' | 'silent' | 'ignores' | 'slow'): void;
  /** What this kind of switch can say of an off that a misbehaving one did not carry out. */
  readonly says: 'failed' | 'unknown';
  end(): Promise<void>;
}

/** `canMisbehave`: what is behind the switch can be made to. */
export function powerContract(name: string, makeHarness: () => Promise<PowerHarness>, canMisbehave = true): void {
  describe(`PowerSwitch, ${name}`, () => {
    let it: PowerHarness;
    beforeAll(async () => {
      it = await makeHarness();
    });
    afterEach(() => it.be?.('well'));
    afterAll(() => it?.end());

    test('off really ends the machine and on starts it again, each read back; twice is as good as once', async () => {
      const { power, settle } = it;
      expect(power.method).toMatch(/\w/);
      for (const state of ['on', 'off', 'off', 'on', 'on'] as const) {
        expect(await settle(power[state]())).toEqual({ kind: 'succeeded', detail: `read back ${state}` });
        expect(it.machineRuns()).toBe(state === 'on');
        expect(await settle(power.status())).toBe(state);
      }
    });

    describe.runIf(canMisbehave)('misbehaving', () => {
      test('one that acknowledges and does nothing is not believed', async () => {
        await it.settle(it.power.on());
        it.be?.('ignores');
        expect(await it.settle(it.power.off())).toMatchObject({ kind: it.says });
        expect(await it.settle(it.power.status())).toBe('on');
        expect(await it.settle(it.power.on())).toMatchObject({ kind: 'succeeded' });
        expect(it.machineRuns()).toBe(true);
      });

      test('a silent one is never taken for off, within its time, and nothing of the command acts later', async () => {
        await it.settle(it.power.on());
        it.be?.('silent');
        const { value, ms } = await it.timed(it.power.off());
        expect(value.kind).toBe(it.says);
        expect(ms).toBeLessThan(it.timeoutMs + 1_500);
        expect(await it.settle(it.power.status())).toBe('unknown');
        it.be?.('well');
        await it.advance(1_000);
        expect(it.machineRuns()).toBe(true);
        expect(await it.settle(it.power.status())).toBe('on');
      });

      test('a slow one: unknown now, and done later all the same', async () => {
        await it.settle(it.power.on());
        it.be?.('slow');
        expect(await it.settle(it.power.off())).toMatchObject({ kind: 'unknown' });
        expect(await it.settle(it.power.status())).toBe('unknown');
        await it.until('it has been done', () => !it.machineRuns());
        it.be?.('well');
        await it.until('it is read', async () => (await it.settle(it.power.status())) === 'off');
      });
    });
  });
}
