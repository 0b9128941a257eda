/** What the schema cannot see about installing machines: identities that two hosts share, and what will never happen. */
import { z } from 'zod';
import { imageSources, isWithin } from '../../machines/sources.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { ClusterFileContent } from './file-schema.ts';
import type { Places } from './places.ts';
import { dotted, type Problem } from './problems.ts';

type Hosts = ClusterFileContent['hosts'];
type Arbiters = ClusterFileContent['arbiters'];

interface Named {
  readonly path: readonly PropertyKey[];
  readonly value: string;
}

export function machineProblems(hosts: Hosts, places: Places): Problem[] {
  const machines = Object.entries(hosts).flatMap(([name, { machine }]) => (machine ? [{ name, machine }] : []));
  const at = (name: string, ...rest: readonly PropertyKey[]) => ['hosts', name, 'machine', ...rest];
  const macs = machines.flatMap(({ name, machine }) =>
    machine.macs.map((value, index): Named => ({ path: at(name, 'macs', index), value })),
  );
  const uuids = machines.flatMap(({ name, machine: { uuid } }): Named[] =>
    uuid === undefined ? [] : [{ path: at(name, 'uuid'), value: uuid }],
  );
  const disks = machines.flatMap(({ name, machine }) =>
    machine.dataDisks.flatMap((disk, index) =>
      (['serial', 'wwn'] as const)
        .filter((key) => disk[key] !== undefined && disk[key] === machine.disk[key])
        .map((key): Problem => {
          const path = at(name, 'dataDisks', index, key);
          const what = `${dotted(path)} is ${disk[key]}, as ${dotted(at(name, 'disk', key))} is`;
          return { place: places.value(path), what, todo: 'a disk is either written or kept: name two different ones' };
        }),
    ),
  );
  return [
    // A machine that answers to two names could be wiped for the other.
    ...twice(macs, places, "name each machine's own network cards"),
    ...twice(uuids, places, 'give the UUID its own firmware tells, or leave it out'),
    ...disks,
  ];
}

/** A node bound to an address that no machine can ask would serve none, and say nothing of it. */
export function bootAddressProblems(hosts: Hosts, arbiters: Arbiters, written: unknown, places: Places): Problem[] {
  const nodes = [...addressed('hosts', hosts), ...addressed('arbiters', arbiters)];
  const network = z.object({ network: z.cidrv4() }).safeParse(written).data?.network;
  const outside = nodes
    .filter(({ value }) => network !== undefined && !isWithin(network, value))
    .map(({ path, value }): Problem => {
      const what = `${dotted(path)} is ${value}, which is not in provisioning.network, ${network}`;
      return { place: places.value(path), what, todo: 'give its address in that network, or leave it out' };
    });
  return [...outside, ...twice(nodes, places, 'give every node its own address')];
}

const addressed = (section: string, nodes: Hosts | Arbiters): Named[] =>
  Object.entries(nodes).flatMap(([name, { provisioningAddress: value }]) =>
    value === undefined ? [] : [{ path: [section, name, 'provisioningAddress'], value }],
  );

/** `written`: the section as it stands in the file. */
export function imageKeyProblems(written: unknown, places: Places): Problem[] {
  const keys = written !== null && typeof written === 'object' ? (written as { imageKeys?: unknown }).imageKeys : null;
  if (keys === null || typeof keys !== 'object' || Object.keys(keys).length > 0) return [];
  const what = 'provisioning.imageKeys is empty, so no image would ever be taken';
  return [{ place: places.key(['provisioning', 'imageKeys']), what, todo: 'add NAME: U… of who signs your images' }];
}

/** Allowed, but a person should know: reinstallations that will not happen. */
export function provisioningWarnings(spec: ClusterSpec): string[] {
  const { hosts, voters, provisioning, hostLadder } = spec;
  const withMachine = Object.keys(hosts).filter((name) => hosts[name]!.machine !== undefined);
  if (!provisioning) {
    const wanted = [
      ...(hostLadder.reinstall === 'allowed' ? ['hostLadder.reinstall'] : []),
      ...withMachine.map((name) => `hosts.${name}.machine`),
    ];
    return wanted.length > 0 ? [`${wanted.join(', ')}: of no effect without provisioning`] : [];
  }
  const known = imageSources(spec).length > 0;
  const apart = known
    ? []
    : [
        `no node has its address in ${provisioning.network}: a machine knows no controller but the one that booted it, and images are not copied between nodes; give each node its provisioningAddress`,
      ];
  if (hostLadder.reinstall !== 'allowed') return apart;
  const held = Object.entries(hosts).flatMap(([name, { machine, power }]) => {
    if (!machine) return [`${name} has no machine, so it is never reinstalled`];
    if (voters.includes(name))
      return [`${name} is a voter: it is not reinstalled, for a voter must not forget what it has promised`];
    return power.every(({ kind }) => kind === 'fence-agent' || kind === 'all')
      ? [
          `${name} has no power switch that can choose to boot from the network, so its reinstallation waits for a person`,
        ]
      : [];
  });
  return [...apart, ...held];
}

function twice(named: readonly Named[], places: Places, todo: string): Problem[] {
  const first = new Map<string, Named>();
  return named.flatMap((one) => {
    const other = first.get(one.value);
    if (!other) first.set(one.value, one);
    return other
      ? [
          {
            place: places.value(one.path),
            what: `${dotted(one.path)} is ${one.value}, as ${dotted(other.path)} is`,
            todo,
          },
        ]
      : [];
  });
}
