import { openBus } from '../../adapters/nats/bus.ts';
import { MODEL } from '../../sim/model.ts';
import { createNetwork } from '../../sim/network.ts';
import { createProcess } from '../../sim/process.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { startCluster } from '../nats/cluster.ts';
import { type BusHarness, busContract, NODES } from './bus.ts';
import { really, virtually } from './time.ts';

async function simulated(): Promise<BusHarness> {
  const scheduler = createScheduler();
  const network = createNetwork(scheduler, createRandom(1), NODES, NODES, MODEL.hopMs);
  const twice = { lossRatio: 0, duplicateRatio: 1, delayMs: 0, jitterMs: 5 };
  return {
    ...virtually(scheduler),
    bus: (_, node) => network.bus(node, createProcess(scheduler)),
    duplicate: (on) => network.setWeather(null, on ? twice : null),
    kill: (node) => network.setServer(node, false),
    start: async (node) => network.setServer(node, true),
    // What stands still serves nobody; there is no fault that keeps its connections open meanwhile.
    freeze: (node, on) => network.setServer(node, !on),
    async end() {},
  };
}

async function real(): Promise<BusHarness> {
  const cluster = await startCluster({ hosts: [...NODES] });
  /** One more connection of another node, so that more waits for a frozen server than any buffer holds. */
  const [full] = cluster.connect('controller', 'h3', ['h2']).paths;
  return {
    ...really,
    bus: (role, node) => openBus(cluster.connect(role, node), 'test', node),
    // Every message goes out over two servers anyhow.
    duplicate() {},
    kill: cluster.kill,
    start: cluster.start,
    freeze(node, on) {
      cluster.signal(node, on ? 'SIGSTOP' : 'SIGCONT');
      if (on) for (let n = 0; n < 20; n++) full!.live()?.publish('rekindle.test.agent.h1', 'x'.repeat(1_000_000));
    },
    end: cluster.close,
  };
}

busContract('simulated', simulated);
busContract('real', real);
