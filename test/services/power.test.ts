import { expect, test } from 'vitest';
import { createPowerOrders } from '../../services/controller/power.ts';
import type { Outcome, PowerSwitch } from '../../services/ports.ts';
import { createScheduler, type Scheduler } from '../../sim/scheduler.ts';

/** A machine that is on, and its switch: an off is answered with `said` after `answerMs` and comes true after `effectMs`. */
function machine(
  scheduler: Scheduler,
  { answerMs, effectMs, said }: { answerMs: number; effectMs: number; said: Outcome },
) {
  const told: string[] = [];
  const clock = scheduler.clock();
  const after = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  const power: PowerSwitch = {
    method: 'bmc h1',
    readingsApartMs: 100,
    async off() {
      clock.after(effectMs, () => {
        told.push(`off at ${scheduler.now()}`);
        isOn = false;
      });
      await after(answerMs);
      return said;
    },
    async on() {
      told.push(`on at ${scheduler.now()}`);
      isOn = true;
      return { kind: 'succeeded', detail: 'read back on' };
    },
    status: async () => (isOn ? 'on' : 'off'),
  };
  let isOn = true;
  const say = { info() {}, warn() {}, error() {} };
  const orders = createPowerOrders(() => [power], [], { clock, say }, new AbortController().signal);
  return { orders, told, isOn: () => isOn };
}

test('a host is switched on only when the off that was begun has ended', async () => {
  const scheduler = createScheduler();
  const said = { kind: 'succeeded', detail: '' } as const;
  const { orders, told } = machine(scheduler, { answerMs: 3_000, effectMs: 2_900, said });
  void orders.switches('h1')[0]!.off();
  void orders.on('h1', false, () => true);
  await scheduler.runUntil(10_000);
  expect(told).toEqual(['off at 2900', 'on at 3000']);
});

test('an off that was not answered and comes late is undone', async () => {
  const scheduler = createScheduler();
  const said = { kind: 'unknown', reason: 'no answer in time' } as const;
  const { orders, told, isOn } = machine(scheduler, { answerMs: 5_000, effectMs: 20_000, said });
  void orders.switches('h1')[0]!.off();
  const done = orders.on('h1', false, () => true);
  await scheduler.runUntil(60_000);
  expect(told.slice(0, 2)).toEqual(['on at 5000', 'off at 20000']);
  expect(isOn()).toBe(true);
  expect(await done).toMatchObject({ method: 'bmc h1', outcome: { kind: 'succeeded' } });
});

test('nothing is switched on any more once the host is there', async () => {
  const scheduler = createScheduler();
  const said = { kind: 'unknown', reason: 'no answer in time' } as const;
  const { orders, told, isOn } = machine(scheduler, { answerMs: 5_000, effectMs: 20_000, said });
  void orders.switches('h1')[0]!.off();
  void orders.on('h1', false, () => scheduler.now() < 10_000);
  await scheduler.runUntil(60_000);
  expect(told).toEqual(['on at 5000', 'off at 20000']);
  expect(isOn()).toBe(false);
});

test('a host without a switch cannot be switched on', async () => {
  const scheduler = createScheduler();
  const say = { info() {}, warn() {}, error() {} };
  const orders = createPowerOrders(() => [], [], { clock: scheduler.clock(), say }, new AbortController().signal);
  const done = orders.on('h1', false, () => true);
  await scheduler.runUntil(1_000);
  expect(await done).toEqual({
    method: 'none',
    outcome: { kind: 'failed', reason: 'no power switch is configured for this host' },
  });
});
