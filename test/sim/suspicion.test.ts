import { expect, test } from 'vitest';
import { allRunning, threeHosts, type World, world } from './world.ts';

const ready = async (spec = threeHosts()): Promise<World> => {
  const w = await world(spec);
  await w.advance(20_000, () => allRunning(w));
  await w.advance(6_000);
  return w;
};
const types = (w: World, subject: string) =>
  w.entries().flatMap(({ entry }) => (entry.subject === subject ? [entry.type] : []));

test('a host that is heard again before the log takes its suspicion is neither suspected nor fenced', async () => {
  const { hosts } = threeHosts();
  const w = await ready(
    threeHosts({ hosts: { ...hosts, h4: { ...hosts.h3, address: 'h4' }, h5: { ...hosts.h3, address: 'h5' } } }),
  );
  // One host is away already, so the brake keeps the next from being fenced at once; then the log stands still, and
  // what the leader has to say of the guest is waiting before what it has to say of the host.
  w.powerOff('h4');
  w.inject({ kind: 'bmc', node: 'h4', mode: 'dead' });
  await w.advance(10_000);
  w.inject({ kind: 'log-stall', forMs: 4_000 });
  w.inject({ kind: 'kill-guest', guest: 'g4' });
  w.inject({ kind: 'isolate', node: 'h5', forMs: 1_500 });
  await w.advance(20_000);
  expect(types(w, 'host/h5')).not.toContain('fence.proven');
  expect(types(w, 'host/h5')).not.toContain('host.suspected');
});

test('a new leader that has heard nobody for long does not clear a host that it does not hear', async () => {
  const w = await ready();
  const lost = w.leader()!.name === 'h1' ? 'h2' : 'h1';
  void w.order({ kind: 'freeze', by: 'test', reason: 'so that nothing is fenced' });
  await w.advance(500);
  w.powerOff(lost);
  await w.advance(5_000);
  w.inject({ kind: 'control-network-down', forMs: 8_000 });
  await w.advance(20_000);
  expect(types(w, `host/${lost}`)).toContain('host.suspected');
  expect(types(w, `host/${lost}`)).not.toContain('host.cleared');
});
