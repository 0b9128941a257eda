/** Random clusters: every layout that is supported, with and without the means to prove a death. */
import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES, type ProfileName } from '../../machines/times.ts';
import type { Random } from '../random.ts';

export const CONFIGS = [
  'any',
  'single',
  'two-hosts',
  'three-hosts',
  'large',
  'no-bmc',
  'no-watchdog',
  'standard',
  'machines',
  'spares',
] as const;
export type ConfigName = (typeof CONFIGS)[number];

/** Picks by weight. */
export function weighted<T>(random: Random, from: readonly (readonly [number, T])[]): T {
  let left = random.next() * from.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of from) {
    left -= weight;
    if (left < 0) return value;
  }
  return from.at(-1)![1];
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);

interface Shape {
  readonly hosts: number;
  readonly arbiters: number;
  readonly voters: number;
}

function shapeOf(random: Random, config: ConfigName): Shape {
  if (config === 'single') return { hosts: 1, arbiters: 0, voters: 1 };
  if (config === 'two-hosts') return { hosts: 2, arbiters: 1, voters: 3 };
  if (config === 'three-hosts') return { hosts: 3, arbiters: 0, voters: 3 };
  if (config === 'machines' || config === 'spares') return { hosts: 5, arbiters: 0, voters: 3 };
  if (config === 'large') return { hosts: 8, arbiters: 0, voters: 5 };
  const hosts = weighted(random, [
    [2, 1],
    [10, 2],
    [14, 3],
    [8, 4],
    [6, 5],
    [4, 6],
    [2, 7],
    [3, 8],
  ]);
  if (hosts === 1) return { hosts, arbiters: 0, voters: 1 };
  const arbiters = hosts === 2 ? 1 : random.chance(0.2) ? 1 : 0;
  return { hosts, arbiters, voters: hosts + arbiters >= 5 && random.chance(0.4) ? 5 : 3 };
}

export function randomCluster(random: Random, config: ConfigName): ClusterSpec {
  const shape = shapeOf(random.fork('shape'), config);
  const hosts = names('h', shape.hosts);
  const arbiters = names('arbiter', shape.arbiters);
  const profile: ProfileName = config === 'standard' || (config === 'any' && random.chance(0.12)) ? 'standard' : 'fast';
  const rest = [...hosts];
  const voters = [...arbiters];
  while (voters.length < shape.voters) voters.push(rest.splice(random.below(rest.length), 1)[0]!);
  const guests = guestsOf(random.fork('guests'), config, hosts);
  const installed = config === 'machines' ? hosts.filter((host) => !voters.includes(host)) : [];
  return specSchema.parse({
    cluster: 'explored',
    profile,
    times: PROFILES[profile],
    voters: voters.sort(),
    hosts: withSpares(
      withMachines(hostsOf(random.fork('hosts'), config, hosts, guests), installed, random.fork('firmware')),
      config === 'spares' ? rest : [],
    ),
    arbiters: Object.fromEntries(arbiters.map((name) => [name, { address: name }])),
    guests,
    hostLadder: {
      repair: { tries: 1 + random.below(3), withinMs: 600_000, backoffMs: 1_000 + random.below(3) * 1_000 },
      powerCycle: { tries: 1 + random.below(4), withinMs: random.pick([120_000, 3_600_000]), backoffMs: 5_000 },
      rejoinWithinMs: random.pick([60_000, 120_000]),
      ...(installed.length > 0 ? { reinstall: 'allowed' } : {}),
    },
    ...(installed.length > 0 ? { provisioning: PROVISIONING } : {}),
  });
}

const PROVISIONING = {
  network: '10.0.0.0/24',
  image: 'host',
  imageKeys: {},
  perDay: 20,
  announceMs: 5_000,
  bootWithinMs: 60_000,
  firstBootWithinMs: 90_000,
};

const withMachines = (
  hosts: Record<string, object>,
  installed: readonly string[],
  random: Random,
): Record<string, object> =>
  Object.fromEntries(
    Object.entries(hosts).map(([name, host]) => {
      const identity = { macs: [`52:54:00:00:00:0${name.slice(1)}`], disk: { serial: `disk-${name}` } };
      const machine = random.chance(0.5) ? { ...identity, bootOrder: 'disk-first' } : identity;
      return [name, installed.includes(name) ? { ...host, machine } : host];
    }),
  );

const withSpares = (hosts: Record<string, object>, spares: readonly string[]): Record<string, object> =>
  Object.fromEntries(
    Object.entries(hosts).map(([name, host]) => [name, spares.includes(name) ? { ...host, spare: true } : host]),
  );

function hostsOf(random: Random, config: ConfigName, hosts: readonly string[], guests: Guests): Record<string, object> {
  const bmcs =
    config === 'no-bmc'
      ? 0
      : weighted(random, [
          [6, 1],
          [2, 0],
          [2, 0.5],
        ]);
  const watchdogs =
    config === 'no-watchdog'
      ? 0
      : weighted(random, [
          [8, 1],
          [1, 0],
          [2, 0.6],
        ]);
  const racks = hosts.length > 2 && random.chance(0.4) ? 2 + random.below(2) : 0;
  const readingsApartMs = random.pick([100, 100, 1_000]);
  // Enough for all guests without the largest host, most of the time.
  const memoryMiB = Object.values(guests).reduce((sum, { resources }) => sum + resources.memoryMiB, 0);
  const roomy = weighted(random, [
    [7, 2],
    [3, 1.3],
    [1, 0.8],
  ]);
  const eachMiB =
    config === 'spares'
      ? Math.ceil(Math.max(1_024, (memoryMiB * 1.2) / 3)) // The three that vote suffice, and no two of them.
      : Math.ceil(Math.max(2_048, (memoryMiB * roomy) / Math.max(1, hosts.length - 1)));
  return Object.fromEntries(
    hosts.map((name, i) => {
      const power = random.chance(bmcs)
        ? [{ kind: 'ipmi', address: `bmc-${name}`, user: 'u', passwordFile: '/x', readingsApartMs }]
        : [];
      const watchdog = random.chance(watchdogs) ? { kind: 'process', socket: '/x' } : { kind: 'none' };
      const capacity = { memoryMiB: eachMiB, vcpus: Math.ceil(eachMiB / 256) };
      const storage = random.chance(0.85) ? ['pool-a', 'pool-b'] : ['pool-a'];
      return [
        name,
        { address: name, capacity, power, watchdog, storage, ...(racks > 0 ? { domain: `rack-${i % racks}` } : {}) },
      ];
    }),
  );
}

type Guests = Record<string, { resources: { memoryMiB: number; vcpus: number } }>;

type Rung = { readonly tries: number };
/**
 * A ladder; for some guests a short one, with making its disk anew as its end: from an image, or from the network, for which a few have
 * too little time.
 */
function madeAnew(full: { readonly inPlace: Rung; readonly relocate: Rung }, random: Random): object {
  if (!random.chance(0.2)) return { ladder: full };
  const ladder = { inPlace: { ...full.inPlace, tries: random.below(2) }, relocate: { ...full.relocate, tries: 0 } };
  const disk = '/images/disk.qcow2';
  const network = { disk, network: true, timeoutMs: random.pick([30_000, 90_000, 90_000]) };
  const rebuild = random.chance(0.7) ? network : { disk, from: '/images/golden.qcow2' };
  return { ladder: { ...ladder, reinstall: 'allowed' }, rebuild };
}

function guestsOf(random: Random, config: ConfigName, hosts: readonly string[]): Guests {
  const count =
    config === 'large'
      ? 40
      : (config === 'spares' ? 6 : 1) +
        random.below(
          weighted(random, [
            [5, 4],
            [4, 8],
            [2, 16],
            [hosts.length > 3 ? 1 : 0, 40],
          ]),
        );
  const all = names('g', count);
  const some = (from: readonly string[], self: string) => {
    const other = random.pick(from);
    return other === self ? [] : [other];
  };
  // Pairs: whose mates are spread over several hosts already can be with one of them only.
  const pairs = new Map<string, string>();
  for (let i = 0; i + 1 < all.length; i += 2) if (random.chance(0.12)) pairs.set(all[i]!, all[i + 1]!);
  return Object.fromEntries(
    all.map((name) => {
      const rung = () => ({
        tries: 1 + random.below(4),
        withinMs: random.pick([60_000, 600_000]),
        backoffMs: random.pick([200, 1_000]),
      });
      return [
        name,
        {
          definition: '<domain/>',
          resources: { memoryMiB: random.pick([256, 512, 1_024]), vcpus: random.pick([0.5, 1, 2]) },
          priority: random.pick([100, 100, 10, 500]),
          storage: random.chance(0.2) ? [random.pick(['pool-a', 'pool-b'])] : [],
          ...(random.chance(0.4) ? { prefers: random.pick(hosts) } : {}),
          together: pairs.has(name) ? [pairs.get(name)!] : [],
          apart: pairs.size === 0 && random.chance(0.2) ? some(all, name) : [],
          hosts: hosts.length > 2 && random.chance(0.12) ? hosts.filter(() => random.chance(0.7)) : [],
          ...madeAnew({ inPlace: rung(), relocate: rung() }, random.fork(`disk of ${name}`)),
          probes: random.chance(0.25) ? [{ kind: 'agent', everyMs: 1_000, misses: 3 }] : [],
          bootGraceMs: 5_000,
          onQuiesce: random.chance(0.2) ? 'quit' : 'pause',
          desired: random.chance(0.94) ? 'running' : 'stopped',
        },
      ];
    }),
  );
}
