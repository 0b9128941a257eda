/** What only two real paths can show; the rest is the contract of every bus (test/contract/bus.ts). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBus } from '../../adapters/nats/bus.ts';
import { runServer } from '../../adapters/nats/server-process.ts';
import type { BusError } from '../../services/ports.ts';
import { listening, startCluster, type TestCluster, until } from './cluster.ts';

let cluster: TestCluster;
const hosts = ['h1', 'h2', 'h3'];
beforeAll(async () => {
  cluster = await startCluster({ hosts: [...hosts, 'h4'], voters: hosts });
});
afterAll(() => cluster?.close());

test('a handler that ended hears nothing more, also after a reconnection', async () => {
  const agent = openBus(cluster.connect('agent', 'h2', ['h3']), 'test', 'h2');
  const controller = openBus(cluster.connect('controller', 'h2', ['h2']), 'test', 'h2');
  const end = agent.serve('agent.h2', () => 'here');
  const ask = () => controller.request('agent.h2', {}, 500).catch((error: BusError) => error.kind);
  await until('served', async () => (await ask()) === 'here');
  await cluster.stop('h3');
  await cluster.start('h3');
  await until('served again', async () => (await ask()) === 'here');
  end();
  await until('nobody listens', async () => (await ask()) === 'no-responders', 2_000);
});

test('"nobody listens" on one server does not end it while the other may answer', async () => {
  openBus(cluster.connect('voter', 'h3'), 'test', 'h3').serve('lease.renew.*', () => 'promised');
  const alone = await runServer({ ...cluster.plan('h4'), spec: { ...cluster.spec, voters: ['h4'] }, say: listening() });
  const split = cluster.connect('agent', 'h1', ['h4', 'h2']);
  await until('both paths up', () => split.paths.every((path) => path.live()));
  const bus = openBus(split, 'test', 'h1');
  const ask = () => bus.request('lease.renew.h1', {}, 1_000).catch((error: BusError) => error.kind);
  await until('answered', async () => (await ask()) === 'promised');
  for (let n = 0; n < 5; n++) expect(await ask()).toBe('promised');
  await alone.stop();
});

test('a handler that fails is told of in words', async () => {
  const say = listening();
  openBus(cluster.connect('agent', 'h3', undefined, say), 'test', 'h3').serve('agent.h3', () => {
    throw new Error('no such guest');
  });
  const controller = openBus(cluster.connect('controller', 'h2'), 'test', 'h2');
  const ask = () => controller.request('agent.h3', {}, 100).catch((error: BusError) => error.kind);
  await until('served', async () => (await ask()) === 'timeout');
  expect(say.lines.join()).toContain('no such guest');
});
