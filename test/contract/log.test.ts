import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { streamLeader } from '../../adapters/nats/admin.ts';
import { MODEL } from '../../sim/model.ts';
import { createNetwork } from '../../sim/network.ts';
import { createProcess } from '../../sim/process.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { createStream } from '../../sim/stream.ts';
import { startCluster } from '../nats/cluster.ts';
import { type LogHarness, logContract, NODES, type Node } from './log.ts';
import { really, virtually } from './time.ts';

async function simulated(): Promise<LogHarness> {
  const scheduler = createScheduler();
  const random = createRandom(1);
  const network = createNetwork(scheduler, random.fork('network'), NODES, NODES, MODEL.hopMs);
  const streamOf = (name: string) =>
    createStream(scheduler, random.fork(name), network, NODES, MODEL, { stored() {}, rolledBack() {} });
  const stream = streamOf('stream');
  const logs = Object.fromEntries(NODES.map((node) => [node, stream.log(node, createProcess(scheduler))]));
  const down = new Set<Node>();
  return {
    ...virtually(scheduler),
    log: (node) => logs[node]!,
    empty: async () => streamOf('empty').log('h1', createProcess(scheduler)),
    leader: async () => stream.leader() as Node | null,
    kill(node) {
      if (!down.has(node)) network.setServer(node, false);
      down.add(node);
    },
    async start(node) {
      if (down.delete(node)) network.setServer(node, true);
    },
    async loseAcknowledgements() {
      stream.setLostAcks(0.7);
      await new Promise<void>((resolve) => void scheduler.at(scheduler.now() + 1_500, resolve));
      stream.setLostAcks(0);
    },
    remote: async (node) => ({
      log: logs[node]!,
      away: async () => network.isolate(node),
      back: async () => network.rejoin(node),
    }),
    async end() {},
  };
}

async function real(): Promise<LogHarness> {
  const cluster = await startCluster();
  const admin = cluster.connectClient('admin');
  const logs = Object.fromEntries(
    await Promise.all(
      NODES.map(async (node) => [node, await cluster.log(cluster.connect('controller', node))] as const),
    ),
  );
  const leader = () => streamLeader(admin, 'test').catch(() => null) as Promise<Node | null>;
  return {
    ...really,
    log: (node) => logs[node]!,
    async empty() {
      const other = await startCluster({ hosts: ['h1'] });
      onTestFinished(() => other.close());
      return other.log(other.connect('controller', 'h1'));
    },
    leader,
    kill: cluster.kill,
    start: cluster.start,
    async loseAcknowledgements() {
      const frozen = (await leader())!;
      cluster.signal(frozen, 'SIGSTOP');
      await wait(1_500);
      cluster.signal(frozen, 'SIGCONT');
    },
    remote: async (node) => ({
      log: await cluster.log(cluster.connect('controller', node, [node])),
      away: () => cluster.stop(node),
      back: () => cluster.start(node),
    }),
    end: cluster.close,
  };
}

logContract('simulated', simulated);
logContract('real', real);
