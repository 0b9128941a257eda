/**
 * A cluster of three arbiters that vote and lead and of any number of hosts, on loopback addresses of one machine: keys,
 * cluster file and three nats-servers, as the daemons find them on real nodes.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { stringify } from 'yaml';
import { readClusterFile } from '../adapters/config/cluster-file.ts';
import { createClusterKeys } from '../adapters/keys/create.ts';
import { identitiesSchema } from '../adapters/keys/identities.ts';
import { loadNodeKeys } from '../adapters/keys/load.ts';
import { PORTS } from '../adapters/nats/server-config.ts';
import { runServer, type ServerProcess } from '../adapters/nats/server-process.ts';

export const ARBITERS = ['a1', 'a2', 'a3'] as const;
const addressOf = (index: number) => `127.88.0.${index + 1}`;
const silent = { info() {}, warn() {}, error() {} };

export interface LargeCluster {
  /** Holds `cluster.yaml`, `seeds/<host>.nk`, and `<arbiter>/` as the state directory of each arbiter. */
  readonly directory: string;
  close(): Promise<void>;
}

export async function startLargeCluster(hosts: number, guests: number): Promise<LargeCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'));
  const servers: ServerProcess[] = [];
  const close = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const names = Array.from({ length: hosts }, (_, i) => `h${i + 1}`);
    await makeKeys(directory, names);
    await writeClusterFile(directory, names, guests);
    const { spec } = readClusterFile(join(directory, 'cluster.yaml'));
    await Promise.all(
      ARBITERS.map(async (node, index) => {
        const state = join(directory, node);
        // All on one machine: what is bound to the loopback needs a port each.
        const portsOf = (of: string) => ({ ...PORTS, monitoring: 18_222 + ARBITERS.indexOf(of as 'a1') });
        const plan = { spec, node, keys: loadNodeKeys(state), directory: join(state, 'nats'), portsOf, say: silent };
        servers[index] = await runServer(plan);
      }),
    );
    return { directory, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Certificates for the arbiters only: agents bring the first one's, since the servers tell them by their nkeys. */
async function makeKeys(directory: string, hosts: readonly string[]): Promise<void> {
  const out = join(directory, 'keys');
  const nodes = Object.fromEntries(ARBITERS.map((name, index) => [name, { address: addressOf(index) }]));
  await createClusterKeys({ cluster: 'bench', nodes, voters: ARBITERS, out });
  const identities = identitiesSchema.parse(JSON.parse(await readFile(join(out, 'identities.json'), 'utf8')));
  await mkdir(join(directory, 'seeds'), { mode: 0o700 });
  for (const host of hosts) {
    const [agent, controller] = [createUser(), createUser()];
    await writeFile(join(directory, 'seeds', `${host}.nk`), agent.getSeed(), { mode: 0o600 });
    const key = agent.getPublicKey();
    // These hosts run no controller here; the servers' user list is as long as it would be.
    identities.nodes[host] = { agent: key, voter: key, node: key, controller: controller.getPublicKey() };
  }
  for (const name of ARBITERS) {
    await cp(join(out, name, 'keys'), join(directory, name, 'keys'), { recursive: true });
    await writeFile(join(directory, name, 'keys', 'identities.json'), JSON.stringify(identities));
  }
}

async function writeClusterFile(directory: string, hosts: readonly string[], guests: number): Promise<void> {
  const names = Array.from({ length: guests }, (_, i) => `g${i + 1}`);
  const perHost = 2 * Math.ceil(guests / hosts.length);
  await mkdir(join(directory, 'guests'));
  for (const name of names) {
    const xml = `<domain type='kvm'><name>${name}</name></domain>`;
    await writeFile(join(directory, 'guests', `${name}.xml`), xml);
  }
  const capacity = { memoryMiB: 1_024 * perHost, vcpus: perHost };
  // The agents here have no machine to stop, so they may say what they like of their watchdog; nothing is ever fenced.
  const watchdog = { kind: 'process', socket: '/nowhere' };
  const file = {
    cluster: 'bench',
    // As a cluster of hundreds of hosts would be run. All of it shares one machine here, its agents included.
    profile: 'standard',
    voters: ARBITERS,
    hosts: Object.fromEntries(
      hosts.map((name, i) => [name, { address: `10.88.${i >> 8}.${i & 255}`, capacity, watchdog }]),
    ),
    arbiters: Object.fromEntries(ARBITERS.map((name, index) => [name, { address: addressOf(index) }])),
    guests: Object.fromEntries(
      names.map((name) => [
        name,
        { definition: `guests/${name}.xml`, resources: { memoryMiB: 1_024, vcpus: 1 }, desired: 'stopped' },
      ]),
    ),
  };
  await writeFile(join(directory, 'cluster.yaml'), stringify(file, { aliasDuplicateObjects: false }));
}
