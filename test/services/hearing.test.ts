import { expect, test } from 'vitest';
import { createHearing } from '../../services/hearing.ts';
import { createScheduler } from '../../sim/scheduler.ts';

test('a host that falls silent among others that are heard is silent from its last word on', async () => {
  const scheduler = createScheduler();
  const hearing = createHearing('h1', 500, scheduler.clock());
  hearing.heard('h2');
  for (let ms = 0; ms <= 1_500; ms += 250) {
    await scheduler.runUntil(ms);
    hearing.heard('h3');
  }
  expect(hearing.silentMs('h2')).toBe(1_500);
});

test('after a time of hearing nobody, silence counts anew from the first thing heard', async () => {
  const scheduler = createScheduler();
  const hearing = createHearing('h1', 500, scheduler.clock());
  hearing.heard('h2');
  await scheduler.runUntil(60_000);
  hearing.heard('h1');
  expect(hearing.silentMs('h2')).toBe(60_000);
  hearing.noise('h3');
  expect(hearing.silentMs('h2')).toBe(0);
});
