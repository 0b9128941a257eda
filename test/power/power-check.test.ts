import { expect, test } from 'vitest';
import type { CheckedSwitch } from '../../adapters/power/power-switches.ts';
import { checkPower } from '../../daemon/power-check.ts';
import { createScheduler } from '../../sim/scheduler.ts';

const HEARTBEAT_MS = 250;

/** One host with one switch, whose state and whose silence the test sets. */
function watched() {
  const scheduler = createScheduler();
  const said: string[] = [];
  const world = { state: 'on' as 'on' | 'off' | 'unknown', heardAgoMs: 0 as number | null };
  const power: CheckedSwitch = {
    method: 'bmc h1',
    readingsApartMs: 100,
    off: async () => ({ kind: 'failed', reason: '' }),
    on: async () => ({ kind: 'failed', reason: '' }),
    status: async () => world.state,
    async check() {
      if (world.state === 'unknown') throw new Error('bmc h1 does not answer');
    },
  };
  const say = {
    info: (what: string) => said.push(what),
    warn: (what: string) => said.push(what),
    error: (what: string) => said.push(what),
  };
  const check = checkPower(['h1'], () => [power], {
    clock: scheduler.clock(),
    say: say as never,
    heartbeatMs: HEARTBEAT_MS,
    heardAgoMs: () => world.heardAgoMs,
  });
  const settle = (ms: number) => scheduler.runUntil(scheduler.now() + ms);
  return { check, world, said, settle };
}

test('a switch that does not answer is known, since when, and that it answers again', async () => {
  const { check, world, said, settle } = watched();
  expect(check.trouble('h1')).toBeUndefined();
  await settle(10);
  expect(check.trouble('h1')).toBeNull();
  world.state = 'unknown';
  await settle(600_000);
  const first = check.trouble('h1');
  expect(first).toMatch(/^bmc h1 does not answer, since \d{4}-\d\d-\d\dT[\d:]{8}Z$/);
  await settle(600_000);
  expect(check.trouble('h1')).toBe(first);
  expect(said).toEqual(['bmc h1 does not answer']);
  world.state = 'on';
  await settle(60_000);
  expect(check.trouble('h1')).toBeNull();
  expect(said.at(-1)).toBe('the power of h1 can be read again');
  check.stop();
});

test('one that reads off while the host is heard is told; a host that is off and silent is not', async () => {
  const { check, world, settle } = watched();
  world.state = 'off';
  world.heardAgoMs = 60_000;
  await settle(10_000);
  expect(check.trouble('h1')).toBeNull();
  world.heardAgoMs = HEARTBEAT_MS;
  await settle(600_000);
  expect(check.trouble('h1')).toMatch(/bmc h1 reads off while h1 is heard, so it is no proof/);
  check.stop();
});
