/** Small clusters to break rules in: nothing in them that the plan at hand does not need, so that a run is short. */
import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES, type ProfileName } from '../../machines/times.ts';
import type { Plan, Step } from '../explore/plan.ts';
import type { Fault } from '../faults.ts';

export interface Wish {
  readonly hosts: readonly string[];
  readonly arbiters?: readonly string[];
  /** Default: the arbiters, or else the first three hosts. */
  readonly voters?: readonly string[];
  readonly profile?: ProfileName;
  /** Hosts with a BMC; default all. */
  readonly bmcs?: readonly string[];
  readonly readingsApartMs?: number;
  /** Hosts without a watchdog; default none. */
  readonly unwatched?: readonly string[];
  /** What each guest says beyond the least; default: one guest on each host. */
  readonly guests?: Readonly<Record<string, object>>;
  /** Hosts that may be installed anew, at once when they are proven stopped; default none. */
  readonly machines?: readonly string[];
  readonly provisioning?: object;
  readonly memoryMiB?: number;
  readonly operators?: Readonly<Record<string, string>>;
}

export function ground(wish: Wish): ClusterSpec {
  const {
    hosts,
    arbiters = [],
    profile = 'fast',
    bmcs = hosts,
    unwatched = [],
    machines = [],
    readingsApartMs = 100,
  } = wish;
  const guests = wish.guests ?? Object.fromEntries(hosts.map((host, i) => [`g${i + 1}`, { prefers: host }]));
  const power = { kind: 'ipmi', address: 'bmc', user: 'u', passwordFile: '/x', readingsApartMs };
  return specSchema.parse({
    cluster: 'mutants',
    profile,
    times: PROFILES[profile],
    voters: wish.voters ?? (arbiters.length > 0 ? arbiters : hosts.slice(0, hosts.length < 3 ? 1 : 3)),
    hosts: Object.fromEntries(
      hosts.map((host) => [
        host,
        {
          address: host,
          capacity: { memoryMiB: wish.memoryMiB ?? 8_192, vcpus: 16 },
          power: bmcs.includes(host) ? [power] : [],
          watchdog: unwatched.includes(host) ? { kind: 'none' } : { kind: 'process', socket: '/x' },
          ...(machines.includes(host) ? { machine: machineOf(host) } : {}),
        },
      ]),
    ),
    arbiters: Object.fromEntries(arbiters.map((arbiter) => [arbiter, { address: arbiter }])),
    guests: Object.fromEntries(
      Object.entries(guests).map(([guest, more]) => [
        guest,
        { definition: '<domain/>', resources: { memoryMiB: 512, vcpus: 1 }, bootGraceMs: 2_000, ...more },
      ]),
    ),
    operators: wish.operators ?? {},
    ...(machines.length > 0
      ? {
          hostLadder: { powerCycle: { tries: 0, withinMs: 60_000, backoffMs: 1_000 }, reinstall: 'allowed' },
          provisioning: { ...PROVISIONING, ...wish.provisioning },
        }
      : {}),
  });
}

const PROVISIONING = {
  network: '10.0.0.0/24',
  image: 'host',
  imageKeys: {},
  announceMs: 1_000,
  bootWithinMs: 30_000,
  firstBootWithinMs: 30_000,
};
const machineOf = (host: string) => ({ macs: [`52:54:00:00:00:0${host.slice(1)}`], disk: { serial: `disk-${host}` } });

export const at = (atMs: number, fault: Fault): Step => ({ atMs, fault });
/** At the first such entry after `atMs`, and `delayMs` more. */
export const after = (atMs: number, type: NonNullable<Step['after']>['type'], delayMs: number, fault: Fault): Step => ({
  atMs,
  after: { type, delayMs },
  fault,
});

/** By then every cluster here is up and its guests run. */
export const UP_MS = 10_000;

export function plan(spec: ClusterSpec, steps: readonly Step[], faultsEndMs: number, quietMs = 0): Plan {
  return {
    spec,
    model: { hostBootMs: [2_000, 4_000] },
    steps: [...steps].sort((a, b) => a.atMs - b.atMs),
    faultsEndMs,
    mending: [
      ...Object.keys(spec.hosts).flatMap((node) => [
        at(0, { kind: 'power-on', node }),
        at(5_000, { kind: 'order', order: { kind: 'maintenance', host: node, on: false, by: 'mutants' } }),
      ]),
      at(5_000, { kind: 'order', order: { kind: 'release-brake', by: 'mutants' } }),
    ],
    quietMs,
  };
}
