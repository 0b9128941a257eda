/**
 * `node agents-process.ts DIRECTORY`: the agents of every host of a large cluster, real ones over real connections, two
 * to each host as on a real one. Only their hypervisors are invented: a start is remembered, and nothing ever happens.
 * Prints the number of renewals sent so far, ten times a second. Ends with its standard input.
 */
import { join } from 'node:path';
import { createClock } from '../adapters/clock/clock.ts';
import { readClusterFile } from '../adapters/config/cluster-file.ts';
import { loadNodeKeys } from '../adapters/keys/load.ts';
import { openBus } from '../adapters/nats/bus.ts';
import { type Connections, openConnections } from '../adapters/nats/connections.ts';
import { PORTS, serverAddress } from '../adapters/nats/server-config.ts';
import { inboxOf } from '../adapters/nats/subjects.ts';
import { startAgent } from '../services/agent/agent.ts';
import type { Bus, Hypervisor, Outcome, Say } from '../services/ports.ts';
import { createMemory } from '../sim/memory.ts';
import { ARBITERS } from './large-cluster.ts';

const CONNECT_AT_ONCE = 10;
const APART_MS = 7;

const directory = process.argv[2]!;
const { spec } = readClusterFile(join(directory, 'cluster.yaml'));
const { tls } = loadNodeKeys(join(directory, ARBITERS[0]));
const clock = createClock();
const complain = (what: string, about?: object) => console.error(what, about ?? '');
const say: Say = { info() {}, warn: complain, error: complain };

let renewals = 0;
setInterval(() => console.log(renewals), 100);
/** An agent gathers answers to nothing but its renewals. */
const counting = (bus: Bus): Bus => ({
  ...bus,
  gather: (...asked) => {
    renewals += 1;
    return bus.gather(...asked);
  },
});

function idleHypervisor(): Hypervisor {
  const running = new Map<string, 'running' | 'paused'>();
  const done = async (act: () => unknown): Promise<Outcome> => {
    act();
    return { kind: 'succeeded', detail: '' };
  };
  const not = async (): Promise<Outcome> => ({ kind: 'failed', reason: 'not here' });
  return {
    list: async () => [...running].map(([guest, state]) => ({ guest, token: null, state })),
    processes: async () => [...running.keys()],
    define: () => done(() => {}),
    start: (guest) => done(() => running.set(guest, 'running')),
    destroy: (guest) => done(() => running.delete(guest)),
    shutdown: (guest) => done(() => running.delete(guest)),
    pause: (guest) => done(() => running.set(guest, 'paused')),
    resume: (guest) => done(() => running.set(guest, 'running')),
    migrate: not,
    rebuild: not,
    exchange: not,
    abortMigration: not,
    state: async (guest) => running.get(guest) ?? 'gone',
    pingAgent: async () => true,
    responsive: async () => true,
    async *events(signal) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
    repair: not,
  };
}

async function connect(host: string, index: number): Promise<Connections> {
  const servers = [index, index + 1].map((at) => {
    const node = ARBITERS[at % ARBITERS.length]!;
    return { node, address: serverAddress(spec, node), port: PORTS.client };
  });
  const seed = join(directory, 'seeds', `${host}.nk`);
  const connections = openConnections({ servers, tls, seed, inbox: inboxOf('agent', host), name: host, say });
  await new Promise<void>((resolve) => {
    const look = () => connections.paths.every((path) => path.live() !== null) && resolve();
    connections.onChange(look);
    look();
  });
  return connections;
}

function start(host: string, connections: Connections): void {
  startAgent(
    { host, spec, journalHead: () => ({ seq: 0, hash: '' }) },
    {
      clock,
      say,
      bus: counting(openBus(connections, spec.cluster, host)),
      machine: { bootId: () => `boot of ${host}` },
      memory: createMemory(),
      hypervisor: idleHypervisor(),
      guard: { allow() {}, revoke() {}, setLeaseEnd() {} },
      petter: { setUntil() {}, armed: () => ({ timeoutMs: spec.times.watchdogMs, what: 'none, a measurement' }) },
      probe: { tcp: async () => true, http: async () => true },
    },
  );
}

process.stdin.resume();
process.stdin.once('end', () => process.exit(0));
const hosts = Object.keys(spec.hosts);
const connected: Connections[] = [];
for (let at = 0; at < hosts.length; at += CONNECT_AT_ONCE)
  connected.push(...(await Promise.all(hosts.slice(at, at + CONNECT_AT_ONCE).map((host, i) => connect(host, at + i)))));
// Only now: a process busy with six hundred handshakes would renew no lease in time. And spread over a heartbeat and
// more, as on hosts that know nothing of each other.
for (const [index, host] of hosts.entries()) {
  start(host, connected[index]!);
  await new Promise((resolve) => setTimeout(resolve, APART_MS));
}
