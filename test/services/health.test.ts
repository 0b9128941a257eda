import { expect, test } from 'vitest';
import { guestSchema } from '../../machines/spec.ts';
import { createHealth } from '../../services/agent/health.ts';
import { createScheduler } from '../../sim/scheduler.ts';

const spec = guestSchema.parse({
  definition: '<domain/>',
  resources: { memoryMiB: 1, vcpus: 1 },
  probes: [{ kind: 'tcp', address: 'g1', port: 80, everyMs: 1_000, misses: 3 }],
  bootGraceMs: 10_000,
});

function setUp(answers = true) {
  const scheduler = createScheduler();
  const said: string[] = [];
  const world = { answers, paused: false };
  const health = createHealth(
    { hung: (guest, probe) => said.push(`${guest} hung ${probe}`), healthy: (guest) => said.push(`${guest} healthy`) },
    () => world.paused,
    {
      clock: scheduler.clock(),
      hypervisor: { pingAgent: async () => true, responsive: async () => true },
      probe: { tcp: async () => world.answers, http: async () => true },
    },
  );
  health.watch('g1', spec);
  return { scheduler, said, world, health };
}

test('a guest that stops answering is hung after so many misses in a row, and healthy after two answers', async () => {
  const { scheduler, said, world } = setUp();
  await scheduler.runUntil(5_000);
  world.answers = false;
  await scheduler.runUntil(7_500);
  expect(said).toEqual([]);
  await scheduler.runUntil(8_500);
  expect(said).toEqual(['g1 hung tcp']);
  world.answers = true;
  await scheduler.runUntil(9_500);
  expect(said).toEqual(['g1 hung tcp']);
  await scheduler.runUntil(10_500);
  expect(said).toEqual(['g1 hung tcp', 'g1 healthy']);
});

test('a guest that has not answered yet may boot for its grace, and no longer', async () => {
  const { scheduler, said } = setUp(false);
  await scheduler.runUntil(9_900);
  expect(said).toEqual([]);
  await scheduler.runUntil(14_000);
  expect(said).toEqual(['g1 hung tcp']);
});

test('guests that we paused owe no answer', async () => {
  const { scheduler, said, world } = setUp();
  await scheduler.runUntil(5_000);
  world.answers = false;
  world.paused = true;
  await scheduler.runUntil(65_000);
  world.paused = false;
  world.answers = true;
  await scheduler.runUntil(90_000);
  expect(said).toEqual([]);
});
