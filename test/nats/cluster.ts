/** A real NATS cluster on loopback for tests: own keys, TLS, one nats-server a node, ports the kernel chose. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClusterKeys } from '../../adapters/keys/create.ts';
import type { Role } from '../../adapters/keys/identities.ts';
import { loadClientKeys, loadNodeKeys, type NodeKeys } from '../../adapters/keys/load.ts';
import { type Connections, openConnections, type ServerAddress } from '../../adapters/nats/connections.ts';
import { openLog } from '../../adapters/nats/log.ts';
import { filesOf, type Ports, runsServer, type ServerPlan, serversFor } from '../../adapters/nats/server-config.ts';
import { runServer } from '../../adapters/nats/server-process.ts';
import { inboxOf } from '../../adapters/nats/subjects.ts';
import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import type { Log, Say } from '../../services/ports.ts';

/** Keeps what is said, so that a test can look for it. */
export function listening(): Say & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep =
    (level: string) =>
    (what: string, about: Record<string, unknown> = {}) => {
      lines.push(`${level} ${what} ${JSON.stringify(about)}`);
    };
  return { lines, info: keep('info'), warn: keep('warn'), error: keep('error') };
}

export interface TestCluster {
  readonly spec: ClusterSpec;
  readonly directory: string;
  keys(node: string): NodeKeys;
  plan(node: string): ServerPlan;
  ports(node: string): Ports;
  start(node: string): Promise<void>;
  /** SIGKILL: gone at once, no goodbye. */
  kill(node: string): void;
  signal(node: string, signal: NodeJS.Signals): void;
  /** SIGTERM, and waits. */
  stop(node: string): Promise<void>;
  connect(role: Role, node: string, servers?: readonly string[], say?: Say): Connections;
  connectClient(client: 'monitor' | 'admin', servers?: readonly string[], say?: Say): Connections;
  log(connections: Connections): Promise<Log>;
  close(): Promise<void>;
}

export async function startCluster(
  layout: { hosts?: string[]; voters?: string[]; start?: boolean } = {},
): Promise<TestCluster> {
  const { hosts = ['h1', 'h2', 'h3'], voters = hosts, start = true } = layout;
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-nats-'));
  const spec = specSchema.parse({
    cluster: 'test',
    profile: 'fast',
    times: PROFILES.fast,
    voters,
    hosts: Object.fromEntries(
      hosts.map((name) => [name, { address: '127.0.0.1', capacity: { memoryMiB: 1_024, vcpus: 1 } }]),
    ),
  });
  const at = { address: '127.0.0.1' };
  await createClusterKeys({
    cluster: 'test',
    nodes: Object.fromEntries(hosts.map((name) => [name, at])),
    voters,
    out: join(directory, 'made'),
  });
  const chosen = await freePorts(3 * hosts.length);
  const ports = (node: string): Ports => {
    const first = 3 * hosts.indexOf(node);
    return { client: chosen[first]!, cluster: chosen[first + 1]!, monitoring: chosen[first + 2]! };
  };
  const keys = (node: string) => loadNodeKeys(join(directory, 'made', node));
  const plan = (node: string): ServerPlan => ({
    spec,
    node,
    keys: keys(node),
    directory: join(directory, node),
    portsOf: ports,
  });
  const pids = new Map<string, number>();
  const open = new Set<Connections>();
  const silent = listening();
  const address = (node: string): ServerAddress => ({ node, address: '127.0.0.1', port: ports(node).client });
  const remember = (connections: Connections) => {
    open.add(connections);
    return connections;
  };

  const cluster: TestCluster = {
    spec,
    directory,
    keys,
    plan,
    ports,
    async start(node) {
      const server = await runServer({ ...plan(node), say: silent });
      server.leave();
      pids.set(node, server.pid()!);
    },
    kill: (node) => cluster.signal(node, 'SIGKILL'),
    signal: (node, signal) => {
      process.kill(pids.get(node)!, signal);
    },
    async stop(node) {
      const server = await runServer({ ...plan(node), say: silent });
      await server.stop();
      pids.delete(node);
    },
    connect(role, node, servers, say = silent) {
      const { tls, seeds } = keys(node);
      return remember(
        openConnections({
          servers: servers?.map(address) ?? serversFor(spec, node, ports),
          tls,
          seed: seeds[role],
          inbox: inboxOf(role, node),
          name: `${role}/${node}`,
          say,
        }),
      );
    },
    connectClient(client, servers = hosts.filter((node) => runsServer(spec, node)), say = silent) {
      const { tls, seed } = loadClientKeys(join(directory, 'made', 'clients', client), client);
      return remember(
        openConnections({
          servers: servers.map(address),
          tls,
          seed,
          inbox: inboxOf('client', client),
          name: client,
          say,
        }),
      );
    },
    log: (connections) =>
      openLog({ connections, cluster: 'test', replicas: voters.length, signal: AbortSignal.timeout(20_000) }),
    async close() {
      await Promise.all([...open].map((connections) => connections.close()));
      for (const node of hosts) await killServer(join(directory, node));
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
  if (start) {
    const started = await Promise.allSettled(
      hosts.filter((node) => runsServer(spec, node)).map((node) => cluster.start(node)),
    );
    for (const { reason } of started.filter((one) => one.status === 'rejected')) {
      await cluster.close();
      throw reason;
    }
  }
  return cluster;
}

/** Also one that a failed test left running, or that somebody restarted. */
async function killServer(directory: string): Promise<void> {
  const { pid, config } = filesOf(directory);
  const found = Number.parseInt(await readFile(pid, 'utf8').catch(() => ''), 10);
  const commandLine = await readFile(`/proc/${found}/cmdline`, 'utf8').catch(() => '');
  if (commandLine.includes(config)) process.kill(found, 'SIGKILL');
}

async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const probe = createServer();
          probe.listen(0, '127.0.0.1', () => resolve(probe));
        }),
    ),
  );
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}

/** Rejects, rather than hangs, when `true` never comes. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
