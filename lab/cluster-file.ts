/** The cluster file of the lab, and the keys of its nodes. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createClusterKeys } from '../adapters/keys/create.ts';
import type { ClusterSpec, GuestSpec } from '../machines/spec.ts';
import { definitionOf } from './guests.ts';
import { addressesOf, CLUSTER, filesOf, GUEST_MEMORY_MIB, GUESTS, type LabNode, run } from './layout.ts';
import { machineHost, metalLadder, provisioning, tinyFiles, tinyGuests } from './metal.ts';
import { keptIdentities, prepared } from './prepare.ts';
import { NBD } from './tiny-guest.ts';

export const keys = join(run, 'keys');

/** Room for all four guests on any one host, so that the loss of the others is survivable. */
const CAPACITY = { memoryMiB: 1_024, vcpus: 8 };
/** Beside a spare: without h1 there is room for all guests but one. */
const GUESTS_BESIDE_SPARE: Readonly<Record<string, number>> = { h1: 3, h2: 2, h3: 1 };

/**
 * Makes keys and the cluster file, and puts both on every node. `password`: of the BMCs. `spec`: a cluster of the same
 * nodes, whose addresses, BMCs, watchdogs and guests become those of the lab.
 */
export async function writeCluster(nodes: readonly LabNode[], password: string, spec?: ClusterSpec): Promise<void> {
  /** A machine gets nothing: it makes its keys itself, when it is installed. */
  const born = nodes.filter(({ machine }) => !machine);
  const machines = nodes.filter(({ machine }) => machine);
  const identities = machines.length > 0 ? await keptKeys() : await createKeys(born);
  const { operators } = identities;
  const text = stringify(spec ? clusterLike(spec, nodes, operators) : clusterOf(nodes, operators));
  for (const node of born) {
    const { etc, state } = filesOf(node);
    await mkdir(join(etc, 'guests'), { recursive: true });
    await cp(join(keys, node.name, 'keys'), join(state, 'keys'), { recursive: true });
    if (machines.length > 0) await cp(prepared.installer, join(state, 'installer'), { recursive: true });
    await writeFile(join(etc, 'cluster.yaml'), text);
    await writeFile(join(etc, 'bmc.password'), `${password}\n`, { mode: 0o600 });
    for (const guest of GUESTS) await writeFile(join(etc, 'guests', `${guest.name}.xml`), definitionOf(guest));
    for (const [file, text] of tinyFiles(machines)) await writeFile(join(etc, 'guests', file), text);
  }
}

const createKeys = (nodes: readonly LabNode[]) =>
  createClusterKeys({
    cluster: CLUSTER,
    nodes: Object.fromEntries(nodes.map((node) => [node.name, addressesOf(node)])),
    voters: nodes.filter(({ spare }) => !spare).map(({ name }) => name),
    out: keys,
  });

/** Those that the installer knows. */
async function keptKeys() {
  await cp(prepared.keys, keys, { recursive: true });
  return keptIdentities();
}

const WATCHDOG = { kind: 'process', socket: '/run/watchdog.sock' };

const bmcOf = (node: LabNode) => ({
  kind: 'ipmi',
  address: node.bmc,
  user: 'admin',
  passwordFile: '/etc/rekindle/bmc.password',
  cipherSuite: 3,
  // Measured on ipmi_sim: its power reading is the truth of that moment.
  readingsApartMs: 100,
  timeoutMs: 2_500,
  // Of the boot flags it shows the device and nothing else.
  ...(node.machine ? { bootReadBack: 'device' } : {}),
});

function clusterLike(spec: ClusterSpec, nodes: readonly LabNode[], operators: Readonly<Record<string, string>>) {
  const node = (name: string) => nodes.find((one) => one.name === name)!;
  const mapped = <T>(records: Readonly<Record<string, T>>, make: (name: string, one: T) => object) =>
    Object.fromEntries(Object.entries(records).map(([name, one]) => [name, { ...one, ...make(name, one) }]));
  const { times: _, ...rest } = spec;
  return {
    ...rest,
    cluster: CLUSTER,
    hosts: mapped(spec.hosts, (name, { power, watchdog }) => ({
      ...addressesOf(node(name)),
      power: power.length > 0 ? [bmcOf(node(name))] : [],
      watchdog: watchdog.kind === 'none' ? watchdog : WATCHDOG,
    })),
    arbiters: mapped(spec.arbiters, (name) => ({ address: node(name).control })),
    guests: mapped<GuestSpec>(spec.guests, (name, { probes }) => ({
      definition: `guests/${name}.xml`,
      probes: probes.map(({ everyMs, misses }) => ({ ...httpProbe(name), everyMs, misses })),
    })),
    operators,
  };
}

const httpProbe = (guest: string) => ({
  kind: 'http',
  url: `http://${GUESTS.find(({ name }) => name === guest)?.address}/id.json`,
});

const memoryBesideSpare = ({ name }: LabNode) => GUEST_MEMORY_MIB * (GUESTS_BESIDE_SPARE[name] ?? GUESTS.length);

function clusterOf(nodes: readonly LabNode[], operators: Readonly<Record<string, string>>) {
  const machines = nodes.filter(({ machine }) => machine);
  const metal = machines.length > 0;
  const tight = nodes.some(({ spare }) => spare);
  const named = (kind: LabNode['kind'], make: (node: LabNode) => object) =>
    Object.fromEntries(nodes.filter((node) => node.kind === kind).map((node) => [node.name, make(node)]));
  return {
    cluster: CLUSTER,
    // A machine without KVM that boots leaves little of this one's cores to the daemons.
    profile: machines.length > 1 ? 'wan' : metal ? 'standard' : 'fast',
    ...(metal ? { voters: nodes.filter(({ machine }) => !machine).map(({ name }) => name) } : {}),
    hosts: {
      ...named('host', (node) => ({
        ...addressesOf(node),
        capacity: { ...CAPACITY, memoryMiB: tight ? memoryBesideSpare(node) : CAPACITY.memoryMiB },
        ...(node.spare ? { spare: true } : {}),
        storage: metal ? ['shared', NBD] : ['shared'],
        power: [bmcOf(node)],
        watchdog: WATCHDOG,
      })),
      ...Object.fromEntries(machines.map((node) => [node.name, machineHost(node, bmcOf(node))])),
    },
    arbiters: named('arbiter', (node) => ({ address: node.control })),
    guests: Object.fromEntries([
      ...GUESTS.map((guest) => [
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
          // Beside a machine without KVM a guest gets little of this one's cores for minutes.
          probes: [{ ...httpProbe(guest.name), everyMs: metal ? 5_000 : 1_000, misses: metal ? 12 : 5 }],
          bootGraceMs: metal ? 60_000 : 30_000,
        },
      ]),
      ...tinyGuests(machines),
    ]),
    hostLadder: metal
      ? metalLadder(machines.length)
      : { powerCycle: { tries: 2, withinMs: 3_600_000, backoffMs: 2_000 }, rejoinWithinMs: 60_000 },
    ...(metal ? { provisioning: provisioning(machines.length) } : {}),
    operators,
  };
}
