import { expect, test } from 'vitest';
import { createSimulation } from '../../sim/create.ts';
import { threeHosts } from './world.ts';

test('a machine that panics while it boots boots again; one without power stays off', async () => {
  const simulation = await createSimulation(threeHosts(), { seed: 1, model: { hostBootMs: [20_000, 20_000] } });
  await simulation.advance(5_000);
  for (const node of ['h2', 'h3']) simulation.inject({ kind: 'power-loss', node, forMs: 1_000 });
  await simulation.advance(10_000);
  simulation.inject({ kind: 'kernel-panic', node: 'h2' });
  simulation.inject({ kind: 'power-loss', node: 'h3' });
  await simulation.advance(15_000);
  expect(['h2', 'h3'].map((host) => simulation.nodes[host]!.powered())).toEqual([false, false]);
  await simulation.advance(10_000);
  expect(['h2', 'h3'].map((host) => simulation.nodes[host]!.powered())).toEqual([true, false]);
  await simulation.stop();
});
