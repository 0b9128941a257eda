import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createClock } from '../../adapters/clock/clock.ts';
import { createNodeClock } from '../../sim/node-clock.ts';
import { createProcess } from '../../sim/process.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { type ClockHarness, clockContract } from './clock.ts';
import { really, virtually } from './time.ts';

function simulated() {
  const scheduler = createScheduler();
  const machine = createNodeClock(scheduler, 123_456);
  const clock = machine.clockOf(createProcess(scheduler));
  return { ...virtually(scheduler), clock, machine, elsewhere: async () => machine.nowMs() };
}

function real(): ClockHarness {
  const module = new URL('../../adapters/clock/clock.ts', import.meta.url).pathname;
  const print = `const { createClock } = await import(${JSON.stringify(module)}); console.log(createClock().now());`;
  const run = () => execFileSync(process.execPath, ['--input-type=module', '-e', print], { encoding: 'utf8' });
  return { ...really, clock: createClock(), elsewhere: async () => Number(run()) };
}

clockContract('simulated', simulated);
clockContract('real', real);

// What cannot be done to the clock of the machine that runs the tests; the kernel's documentation is the witness.
describe('Clock, simulated, out of order', () => {
  test('a clock that drifts, and is set to another rate meanwhile, still fires no timer early', async () => {
    const { machine, clock, advance, until } = simulated();
    machine.setDrift(0.5);
    const due = clock.now() + 1_000;
    let firedMs = 0;
    clock.after(1_000, () => {
      firedMs = clock.now();
    });
    await advance(100);
    machine.setDrift(-0.5);
    await until('it has fired', () => firedMs > 0);
    expect(firedMs).toBeGreaterThanOrEqual(due - 1e-6);
  });

  test('a timer cancelled while its process stood still does not fire when that goes on', async () => {
    const scheduler = createScheduler();
    const process = createProcess(scheduler);
    const clock = createNodeClock(scheduler, 0).clockOf(process);
    const cancel = clock.after(10, () => expect.unreachable('cancelled'));
    process.pause();
    await scheduler.runUntil(50);
    process.resume();
    cancel();
    await scheduler.runUntil(100);
  });

  test('a step of the wall clock moves neither the clock of leases nor a timer', async () => {
    const { machine, clock, advance } = simulated();
    const [now, wall] = [clock.now(), clock.wall()];
    let fired = 0;
    clock.after(1_000, () => {
      fired += 1;
    });
    machine.stepWall(3_600_000);
    expect(clock.wall() - wall).toBe(3_600_000);
    await advance(999);
    expect([clock.now() - now, fired]).toEqual([999, 0]);
    await advance(1);
    expect(fired).toBe(1);
  });
});
