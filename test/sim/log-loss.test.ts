import { expect, test } from 'vitest';
import { allRunning, threeHosts, world } from './world.ts';

test('a log that forgets its end under a reigning leader gets it back, and the reign goes on', async () => {
  const w = await world(threeHosts());
  await w.advance(20_000, () => allRunning(w));
  await w.advance(6_000);
  const before = w.entries().map(({ hash }) => hash);
  const { epoch } = w.leader()!.controller()!.leader()!;
  w.inject({ kind: 'log-rollback', entries: 4 });
  w.inject({ kind: 'kill-guest', guest: 'g1' });
  await w.advance(3_000);
  expect(w.writers('g1')).toEqual(['h1']);
  const after = w.entries();
  expect(after.slice(0, before.length).map(({ hash }) => hash)).toEqual(before);
  expect(after[before.length]!.entry).toMatchObject({
    type: 'log.loss-detected',
    epoch,
    data: { from: before.length - 3, to: before.length },
  });
  expect(w.leader()!.controller()!.leader()!.epoch).toBe(epoch);
});

test('a leader that stood still suspects nobody whom it hears again', async () => {
  const w = await world(threeHosts());
  await w.advance(20_000, () => allRunning(w));
  await w.advance(6_000);
  // Pauses around the time that a silence takes; those that are longer cost the leader its lease.
  for (const forMs of [800, 850, 900, 950]) {
    w.inject({ kind: 'freeze', node: w.leader()!.name, forMs });
    await w.advance(5_000);
  }
  const suspected = w.entries().flatMap(({ entry }) => (entry.type === 'host.suspected' ? [entry.data.silentMs] : []));
  for (const silentMs of suspected) expect(silentMs).toBeGreaterThan(1_000);
});
