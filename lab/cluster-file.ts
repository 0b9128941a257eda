/** The cluster file of the lab, and the keys of its nodes. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createClusterKeys } from '../adapters/keys/create.ts';
import { definitionOf } from './guests.ts';
import { CLUSTER, filesOf, GUEST_MEMORY_MIB, GUESTS, type LabNode, run } from './layout.ts';

export const keys = join(run, 'keys');

/** Room for all four guests on any one host, so that the loss of the others is survivable. */
const CAPACITY = { memoryMiB: 1_024, vcpus: 8 };

/** Makes keys and the cluster file, and puts both on every node. `password`: of the BMCs. */
export async function writeCluster(nodes: readonly LabNode[], password: string): Promise<void> {
  const identities = await createClusterKeys({
    cluster: CLUSTER,
    nodes: Object.fromEntries(nodes.map((node) => [node.name, { address: node.control }])),
    voters: nodes.map(({ name }) => name),
    out: keys,
  });
  const text = stringify(clusterOf(nodes, identities.operators));
  for (const node of nodes) {
    const { etc, state } = filesOf(node);
    await mkdir(join(etc, 'guests'), { recursive: true });
    await cp(join(keys, node.name, 'keys'), join(state, 'keys'), { recursive: true });
    await writeFile(join(etc, 'cluster.yaml'), text);
    await writeFile(join(etc, 'bmc.password'), `${password}\n`, { mode: 0o600 });
    for (const guest of GUESTS) await writeFile(join(etc, 'guests', `${guest.name}.xml`), definitionOf(guest));
  }
}

function clusterOf(nodes: readonly LabNode[], operators: Readonly<Record<string, string>>) {
  const named = (kind: LabNode['kind'], make: (node: LabNode) => object) =>
    Object.fromEntries(nodes.filter((node) => node.kind === kind).map((node) => [node.name, make(node)]));
  return {
    cluster: CLUSTER,
    profile: 'fast',
    hosts: named('host', (node) => ({
      address: node.control,
      capacity: CAPACITY,
      storage: ['shared'],
      // Measured on ipmi_sim: its power reading is the truth of that moment.
      power: [
        {
          kind: 'ipmi',
          address: node.bmc,
          user: 'admin',
          passwordFile: '/etc/rekindle/bmc.password',
          cipherSuite: 3,
          readingsApartMs: 100,
          timeoutMs: 2_500,
        },
      ],
      watchdog: { kind: 'process', socket: '/run/watchdog.sock' },
    })),
    arbiters: named('arbiter', (node) => ({ address: node.control })),
    guests: Object.fromEntries(
      GUESTS.map((guest) => [
        guest.name,
        {
          definition: `guests/${guest.name}.xml`,
          resources: { memoryMiB: GUEST_MEMORY_MIB, vcpus: 1 },
          storage: ['shared'],
          prefers: guest.prefers,
          ladder: {
            inPlace: { tries: 2, withinMs: 60_000, backoffMs: 250 },
            relocate: { tries: 1, withinMs: 60_000, backoffMs: 250 },
          },
          probes: [{ kind: 'http', url: `http://${guest.address}/id.json`, everyMs: 1_000, misses: 5 }],
          bootGraceMs: 30_000,
        },
      ]),
    ),
    hostLadder: { powerCycle: { tries: 2, withinMs: 3_600_000, backoffMs: 2_000 }, rejoinWithinMs: 60_000 },
    operators,
  };
}
