import { expect, test } from 'vitest';
import { emptyFleet } from '../../machines/fleet.ts';
import { apply } from '../../machines/fold.ts';
import { createSimulation } from '../../sim/create.ts';
import { foldOnce } from '../../sim/fold-once.ts';
import { createJournal } from '../../sim/memory.ts';
import { chain } from '../contract/chain.ts';
import { threeHosts } from './world.ts';

test('a cluster whose nodes share their folds lives the same life', async () => {
  const lives = [];
  for (const foldOnce of [false, true]) {
    const simulation = await createSimulation(threeHosts(), { seed: 3, foldOnce });
    const life: unknown[] = [];
    simulation.observe((event) => life.push(event));
    await simulation.advance(20_000);
    simulation.inject({ kind: 'log-rollback', entries: 2 });
    simulation.inject({ kind: 'power-loss', node: 'h1', forMs: 20_000 });
    await simulation.advance(60_000);
    lives.push({ life, states: Object.values(simulation.nodes).map((node) => node.controller()?.fleet()) });
    await simulation.stop();
  }
  expect(lives[1]).toEqual(lives[0]);
});

test('a shared fold gives each entry its own state, also where two follow the same one', () => {
  const [first, other] = [chain(1)[0]!, { ...chain(1)[0]!, hash: 'f'.repeat(64) }];
  const step = foldOnce();
  expect([step(emptyFleet, first), step(emptyFleet, other), step(emptyFleet, first)]).toEqual([
    apply(emptyFleet, first),
    apply(emptyFleet, other),
    apply(emptyFleet, first),
  ]);
});

test('journals that keep their entries together part where they differ', () => {
  const common: never[] = [];
  const entries = chain(5);
  const [a, b] = [createJournal(common), createJournal(common)];
  a.add(entries.slice(0, 3));
  b.add(entries.slice(0, 2));
  expect([a.head().seq, b.head().seq, b.read(1, 5).length]).toEqual([3, 2, 2]);
  const copies = entries.map((stored) => structuredClone(stored));
  b.add(copies.slice(2));
  a.add(entries.slice(3));
  expect([a.read(1, 5), b.read(1, 5)]).toEqual([entries, entries]);
  expect([a.read(3, 3)[0], b.read(3, 3)[0]].map((stored) => entries.includes(stored!))).toEqual([true, false]);
  a.lose(4);
  expect([a.head().seq, b.head().seq]).toEqual([1, 5]);
});
