import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { addresses, type Order } from '../../services/protocol.ts';
import { createCluster, type SimCluster } from '../../sim/cluster.ts';

const definition = '<domain/>';
const guest = (prefers: string, more: object = {}) => ({
  definition,
  resources: { memoryMiB: 512, vcpus: 1 },
  prefers,
  ...more,
});

/** Three hosts, four guests: three on h1, one on h2; watchdogs and BMCs everywhere. */
export function threeHosts(more: object = {}): ClusterSpec {
  const host = { capacity: { memoryMiB: 8_192, vcpus: 8 }, watchdog: { kind: 'process', socket: '/x' } };
  return specSchema.parse({
    cluster: 'sim',
    profile: 'fast',
    times: PROFILES.fast,
    voters: ['h1', 'h2', 'h3'],
    hosts: { h1: { ...host, address: 'h1' }, h2: { ...host, address: 'h2' }, h3: { ...host, address: 'h3' } },
    guests: { g1: guest('h1'), g2: guest('h1'), g3: guest('h1'), g4: guest('h2') },
    ...more,
  });
}

export interface World extends SimCluster {
  /** Types and subjects of all entries so far, one line each. */
  story(): string[];
  running(guest: string): string[];
  advance(ms: number, done?: () => boolean): Promise<void>;
  order(order: Order): void;
  errors: string[];
}

export async function world(spec: ClusterSpec): Promise<World> {
  const errors: string[] = [];
  const cluster = await createCluster(spec, (node) => ({
    info() {},
    warn: (what, about) => void (process.env.SIM_SAY && console.log(node, what, about ?? '')),
    error: (what, about) => {
      if (process.env.SIM_SAY) console.log(node, 'ERROR', what, about ?? '');
      errors.push(`${node}: ${what} ${JSON.stringify(about ?? {})}`);
    },
  }));
  const running = (name: string) =>
    Object.values(cluster.nodes)
      .filter((n) => n.hypervisor.states().get(name) === 'running')
      .map((n) => n.name);
  return {
    ...cluster,
    errors,
    running,
    order: (order) =>
      void cluster.network
        .bus('h1')
        .request(addresses.order('h1'), order, 1_000)
        .catch(() => {}),
    story: () =>
      cluster.stream
        .all()
        .map(({ seq, entry }) => `#${seq} ${entry.time.slice(17, 23)} ${entry.source} ${entry.type} ${entry.subject}`),
    advance: (ms, done) => cluster.scheduler.runUntil(cluster.scheduler.now() + ms, done),
  };
}

export const allRunning = (w: World, guests = ['g1', 'g2', 'g3', 'g4']) =>
  guests.every((name) => w.running(name).length === 1);
