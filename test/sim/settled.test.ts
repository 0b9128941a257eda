import { expect, test } from 'vitest';
import { createSimulation } from '../../sim/create.ts';
import { threeHosts } from './world.ts';

test('a cluster that has run for long goes on under a new leader: its guests are left alone, and moved when their host dies', async () => {
  const simulation = await createSimulation(threeHosts(), { seed: 1, settled: true });
  const past = simulation.entries().length;
  const where = () => ['g1', 'g2', 'g3', 'g4'].map((guest) => simulation.writers(guest).join());
  expect(where()).toEqual(['h1', 'h1', 'h1', 'h2']);

  await simulation.advance(10_000);
  const written = simulation.entries().slice(past);
  expect(new Set(written.map(({ entry }) => entry.type))).toEqual(
    new Set(['leader.elected', 'host.surveyed', 'headroom.changed']),
  );
  expect(where()).toEqual(['h1', 'h1', 'h1', 'h2']);
  const fleet = simulation.leader()!.controller()!.fleet();
  expect(Object.values(fleet.guests).map(({ state }) => state)).toEqual(Array(4).fill('running'));

  simulation.inject({ kind: 'power-loss', node: 'h1' });
  await simulation.advance(10_000);
  expect(where().filter((host) => host === 'h2' || host === 'h3')).toHaveLength(4);
  await simulation.stop();
});
