import { expect, test } from 'vitest';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { PROFILES } from '../../machines/times.ts';
import { createGreetings } from '../../services/controller/greetings.ts';
import { createHearing } from '../../services/hearing.ts';
import { createScheduler } from '../../sim/scheduler.ts';

const times = PROFILES.fast;
const fleet = { ...emptyFleet, hosts: { h1: { state: 'running', context: { fence: null } } } } as unknown as Fleet;

async function silentFor(ms: number, greets: () => boolean) {
  const scheduler = createScheduler();
  const hearing = createHearing('h2', 500, scheduler.clock());
  hearing.heard('h1');
  const greetings = createGreetings(
    () => fleet,
    hearing,
    times,
    async () => greets(),
    scheduler.clock(),
  );
  for (let now = 0; now <= ms; now += 50) {
    await scheduler.runUntil(now);
    hearing.noise('h3');
    greetings.tick();
    await scheduler.runUntil(now);
  }
  return greetings.excuse('h1');
}

test('a silent host whose nats-server greets is given time to restart its daemon', async () => {
  expect(await silentFor(1_100, () => true)).toBe(true);
});

test('but not for ever', async () => {
  expect(await silentFor(2_600, () => true)).toBe(false);
});

test('a host that nobody greets from is not excused', async () => {
  expect(await silentFor(1_100, () => false)).toBe(false);
});

test('a greeting from before it died does not excuse it for long', async () => {
  let asked = 0;
  expect(await silentFor(1_300, () => asked++ === 0)).toBe(false);
});
