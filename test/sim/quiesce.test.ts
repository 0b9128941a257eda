import { expect, test } from 'vitest';
import { allRunning, threeHosts, type World, world } from './world.ts';

const readyWorld = async (seed: number): Promise<World> => {
  const w = await world(threeHosts(), seed);
  await w.advance(20_000, () => allRunning(w));
  await w.advance(6_000);
  return w;
};

test('a lease that returns in the very moment in which guests are being paused leaves none of them paused', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const w = await readyWorld(seed);
    // The daemon wakes up with a lease too old, and the next one is a few milliseconds away.
    const node = w.leader()!.name === 'h1' ? 'h2' : 'h1';
    w.inject({ kind: 'pause-daemon', node, forMs: 2_700 + seed * 15 });
    await w.advance(30_000);
    expect(allRunning(w), `seed ${seed}\n${w.story().join('\n')}`).toBe(true);
  }
});

test('guests whose resuming was not answered are resumed with a later renewal', async () => {
  const w = await readyWorld(1);
  w.inject({ kind: 'isolate', node: 'h1', forMs: 3_200 });
  await w.advance(3_100);
  w.inject({ kind: 'libvirt', node: 'h1', mode: 'hung', forMs: 1_000 });
  await w.advance(40_000);
  expect(allRunning(w), w.story().join('\n')).toBe(true);
});
