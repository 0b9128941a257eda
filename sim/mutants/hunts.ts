/** Where broken rules are looked for: random plans of one kind of trouble each, from a seed. */
import type { EntryType } from '../../machines/entries.ts';
import { PROFILES, type ProfileName } from '../../machines/times.ts';
import type { Plan, Step } from '../explore/plan.ts';
import { someTrouble } from '../explore/troubles.ts';
import type { Fault } from '../faults.ts';
import { createRandom, type Random } from '../random.ts';
import { MACHINES, machineWish, published, released, ruin } from './aimed/reinstall.ts';
import { after, at, ground, plan, UP_MS, type Wish } from './grounds.ts';

export interface Hunt {
  readonly about: string;
  /** True: what has not come to rest at the end counts too. */
  readonly settles?: boolean;
  readonly plan: (random: Random) => Plan;
}

const HOSTS = ['h1', 'h2', 'h3', 'h4'];
/** The leader is the first in the alphabet: one of these, or with the others a host. */
const ARBITERS = ['a1', 'a2', 'a3'];
const VOTERS = ['v1', 'v2', 'v3'];
/** Half of ρ each way: two nodes then differ by no more than assumption A1 allows. Not imported: a mutant changes it. */
const HALF_RHO = 0.0025;

/** From `least` to `most`, short ones as likely as long ones. */
const long = (random: Random, least: number, most: number) => Math.round(least * (most / least) ** random.next());
const drifting = (random: Random, nodes: readonly string[]): Step[] =>
  nodes.map((node) => at(0, { kind: 'clock-drift', node, ratio: random.chance(0.5) ? HALF_RHO : -HALF_RHO }));
const dead = (node: string): Step => at(UP_MS - 500, { kind: 'bmc', node, mode: 'dead' });

/** The host is silent towards everybody, and may be unable to stop its guests. */
function silence(random: Random, node: string, atMs: number): Step[] {
  const forMs = long(random, 600, 12_000);
  const kind = random.pick(['isolate', 'isolate', 'pause-daemon', 'freeze'] as const);
  const steps = [at(atMs, { kind, node, forMs } as Fault)];
  if (random.chance(0.5)) steps.push(at(atMs - random.below(300), { kind: 'stuck-guests', node, forMs: 20_000 }));
  if (random.chance(0.3))
    steps.push(
      at(atMs + random.below(3_000), { kind: 'isolate', node, forMs: long(random, 1_000, 12_000) }),
      at(atMs - 1_000, {
        kind: 'bad-network',
        node,
        delayMs: 100 + random.below(400),
        jitterMs: 100,
        lossRatio: 0,
        duplicateRatio: 0,
        forMs: 20_000,
      }),
    );
  return steps;
}

function leaseHunt(random: Random, wish: Partial<Wish> = {}): Plan {
  const hosts = HOSTS.slice(0, 3 + random.below(2));
  const victim = random.pick(hosts);
  const spec = ground({ hosts, ...(random.chance(0.5) ? { arbiters: ARBITERS } : {}), ...wish });
  const steps = [dead(victim), ...silence(random, victim, UP_MS + random.below(2_000))];
  if (random.chance(0.3)) steps.push(...drifting(random, [...hosts, ...Object.keys(spec.arbiters)]));
  return plan(spec, steps, UP_MS + 16_000);
}

const stopped = (guest: string, atMs: number, desired: 'running' | 'stopped'): Step =>
  at(atMs, { kind: 'order', order: { kind: 'set-desired', guest, desired, by: 'mutants' } });
const maintenance = (host: string, atMs: number, on: boolean): Step =>
  at(atMs, { kind: 'order', order: { kind: 'maintenance', host, on, by: 'mutants' } });

export const HUNTS: Readonly<Record<string, Hunt>> = {
  storm: {
    about: 'three troubles of the explorer within ten seconds',
    plan(random) {
      const hosts = HOSTS.concat('h5', 'h6').slice(0, 2 + random.below(5));
      const arbiters = random.chance(0.5) || hosts.length < 3 ? (hosts.length < 3 ? ['a1'] : ARBITERS) : [];
      const voters = hosts.length < 3 ? ['a1', ...hosts] : undefined;
      const bmcs = random.chance(0.5) ? hosts : [];
      const spec = ground({ hosts, arbiters, bmcs, ...(voters ? { voters } : {}) });
      const about = { spec, random, hosts, nodes: [...hosts, ...arbiters], guests: Object.keys(spec.guests) };
      const steps = [0, 1, 2].flatMap(() => someTrouble(about, UP_MS + random.below(10_000)));
      return plan(spec, steps, UP_MS + 30_000);
    },
  },
  settle: {
    about: 'one silent host, and then peace',
    settles: true,
    plan(random) {
      const victim = random.pick(HOSTS);
      const steps = [dead(victim), ...silence(random, victim, UP_MS)];
      return plan(ground({ hosts: HOSTS }), steps, UP_MS + 25_000, 60_000);
    },
  },
  lease: {
    about: 'a host with a dead BMC falls silent, paused, frozen, cut off or stuck',
    plan: (random) => leaseHunt(random),
  },
  unwatched: {
    about: 'the same, and the host has no watchdog',
    plan: (random) => leaseHunt(random, { unwatched: HOSTS }),
  },
  drift: {
    about: 'the same, with every clock as wrong as may be',
    plan(random) {
      const profile: ProfileName = random.chance(0.7) ? 'wan' : 'standard';
      const { leaseMs, suspectMs } = PROFILES[profile];
      const spec = ground({ hosts: HOSTS.slice(0, 3), arbiters: ARBITERS, profile });
      const victim = random.pick(Object.keys(spec.hosts));
      const slow = [...Object.keys(spec.hosts), ...ARBITERS].map((node) =>
        at(0, { kind: 'clock-drift', node, ratio: node === victim ? -HALF_RHO : HALF_RHO }),
      );
      const upMs = 3 * suspectMs + UP_MS;
      return plan(
        spec,
        [
          ...slow,
          dead(victim),
          at(upMs + random.below(3_000), { kind: 'pause-daemon', node: victim, forMs: 2 * leaseMs }),
        ],
        upMs + leaseMs + 8_000,
      );
    },
  },
  voters: {
    about: 'voters restart, or were away, while the promises of a silent host are waited out',
    plan(random) {
      const spec = ground({ hosts: HOSTS.slice(0, 3), arbiters: VOTERS });
      const victim = random.pick(Object.keys(spec.hosts));
      const atMs = UP_MS + 7_000;
      const steps = [dead(victim), at(atMs, { kind: 'isolate', node: victim, forMs: long(random, 1_200, 12_000) })];
      for (const node of VOTERS) {
        if (random.chance(0.6)) steps.push(at(atMs - 400 + random.below(4_000), { kind: 'kill-daemon', node }));
        if (random.chance(0.2))
          steps.push(at(atMs - 6_000, { kind: 'isolate', node, forMs: 5_600 + random.below(800) }));
      }
      return plan(spec, steps, atMs + 12_000);
    },
  },
  leaders: {
    about: 'leaders and voters die while the log stands still',
    plan(random) {
      const spec = ground({ hosts: HOSTS.slice(0, 2), arbiters: ARBITERS });
      const nodes = [...Object.keys(spec.hosts), ...ARBITERS];
      const steps = [at(UP_MS, { kind: 'log-stall', forMs: 12_000 })];
      for (let i = 0; i < 8; i++)
        steps.push(at(UP_MS + random.below(8_000), { kind: 'kill-daemon', node: random.pick([...nodes, '@leader']) }));
      return plan(spec, steps, UP_MS + 15_000);
    },
  },
  reboots: {
    about: 'hosts boot again by themselves, some of them fast',
    settles: true,
    plan(random) {
      const spec = ground({ hosts: HOSTS.slice(0, 3), arbiters: ARBITERS, bmcs: random.chance(0.5) ? HOSTS : [] });
      const steps = [0, 1].map(() =>
        at(UP_MS + random.below(12_000), { kind: 'kernel-panic', node: random.pick(HOSTS.slice(0, 3)) }),
      );
      const made = plan(spec, steps, UP_MS + 20_000, 60_000);
      return { ...made, model: { hostBootMs: [300, 6_000] } };
    },
  },
  late: {
    about: 'hosts are cut off in the moment of a grant, and orders change meanwhile',
    plan(random) {
      const hosts = HOSTS.slice(0, 3);
      const spec = ground({ hosts, arbiters: ARBITERS, bmcs: [] });
      const guest = random.pick(['g1', 'g2', 'g3']);
      const host = `h${guest.slice(1)}`;
      const steps = [
        random.chance(0.5) ? stopped(guest, UP_MS - 1_000, 'stopped') : at(UP_MS - 1, { kind: 'kill-guest', guest }),
        stopped(guest, UP_MS, 'running'),
        after(UP_MS - 2, 'guest.granted', random.below(4), {
          kind: 'isolate',
          node: host,
          forMs: long(random, 300, 9_000),
        }),
      ];
      if (random.chance(0.5)) {
        const atMs = UP_MS + 300 + random.below(1_500);
        steps.push(stopped(guest, atMs, 'stopped'), maintenance(host, atMs + 300, true));
        steps.push(stopped(guest, atMs + 300 + random.below(500), 'running'));
      }
      if (random.chance(0.3))
        steps.push(
          after(UP_MS - 2, 'guest.granted', random.below(4), {
            kind: 'pause-daemon',
            node: '@leader',
            forMs: long(random, 1_000, 6_000),
          }),
        );
      if (random.chance(0.3))
        steps.push(
          after(UP_MS - 2, 'guest.granted', random.below(4), {
            kind: 'pause-daemon',
            node: host,
            forMs: long(random, 1_000, 9_000),
          }),
        );
      return plan(spec, steps, UP_MS + 20_000);
    },
  },
  log: {
    about: 'the log forgets a grant that no other node has heard of, and its leader is lost',
    plan(random) {
      const hosts = HOSTS.slice(0, 3);
      const spec = ground({
        hosts,
        arbiters: ARBITERS,
        guests: { g1: { prefers: 'h2', desired: 'stopped' }, g2: { prefers: 'h1' } },
      });
      const others = [...hosts, 'a2', 'a3'].filter(() => random.chance(0.9));
      const steps = [
        ...[...hosts, 'a2', 'a3'].map((node) => at(700, { kind: 'kill-daemon', node })),
        maintenance('h2', UP_MS - 2_000, true),
        ...others.map((node) => at(UP_MS - 2, { kind: 'pause-daemon', node, forMs: 40 })),
        stopped('g1', UP_MS, 'running'),
        after(UP_MS - 1, 'guest.granted', 0, { kind: 'log-rollback', entries: 1 + random.below(2) }),
        after(UP_MS - 1, 'guest.granted', 5 + random.below(20), { kind: 'power-loss', node: 'a1' }),
        after(UP_MS + 200, 'leader.elected', random.below(10), {
          kind: 'isolate',
          node: random.pick(['h1', 'h3']),
          forMs: 8_000,
        }),
        maintenance('h2', UP_MS + 1_500 + random.below(800), false),
        stopped('g1', UP_MS + 1_600 + random.below(800), 'running'),
      ];
      return plan(spec, steps, UP_MS + 12_000);
    },
  },
  starts: {
    about: 'starts that are not answered, or that fail',
    plan(random) {
      const hosts = HOSTS.slice(0, 3);
      const node = random.pick(hosts);
      const guest = `g${node.slice(1)}`;
      const steps = [
        at(UP_MS, { kind: 'starts', node, mode: random.pick(['unknown', 'unknown', 'fail']), forMs: 40_000 }),
        at(UP_MS + random.below(500), { kind: 'kill-guest', guest }),
      ];
      return plan(ground({ hosts }), steps, UP_MS + 45_000);
    },
  },
  stops: {
    about: 'stops that do nothing, and orders to start again',
    plan(random) {
      const hosts = HOSTS.slice(0, 3);
      const node = random.pick(hosts);
      const guest = `g${node.slice(1)}`;
      const atMs = UP_MS + random.below(500);
      const steps = [
        at(UP_MS, { kind: 'stuck-guests', node, forMs: 60_000 }),
        stopped(guest, atMs, 'stopped'),
        maintenance(node, atMs + random.below(45_000), true),
        stopped(guest, atMs + random.below(50_000), 'running'),
      ];
      return plan(ground({ hosts }), steps, UP_MS + 55_000);
    },
  },
  migrations: {
    about: 'an end of a migration dies, or its libvirt does',
    settles: true,
    plan(random) {
      const hosts = HOSTS.slice(0, 3);
      const spec = ground({ hosts, arbiters: ARBITERS, bmcs: random.chance(0.5) ? hosts : [] });
      const node = random.pick(['h1', 'h1', '@subject']);
      const forMs = long(random, 500, 15_000);
      const fault = random.pick<Fault>([
        { kind: 'power-loss', node, forMs },
        { kind: 'power-loss', node },
        { kind: 'isolate', node, forMs },
        { kind: 'kill-daemon', node },
        { kind: 'libvirt', node: 'h1', mode: 'hung', forMs: 5_000 },
        { kind: 'libvirt', node: 'h1', mode: 'down', forMs: 5_000 },
      ]);
      const steps = [
        at(UP_MS, { kind: 'order', order: { kind: 'migrate', guest: 'g1', to: null, by: 'mutants' } }),
        after(UP_MS - 1, 'guest.granted', random.below(3_300), fault),
      ];
      return plan(spec, steps, UP_MS + 20_000, 60_000);
    },
  },
  reinstalls: {
    about: 'two hosts lose their disks, and something happens while they are installed anew',
    settles: true,
    plan(random) {
      const steps = MACHINES.flatMap((node, i) => ruin(UP_MS + i * random.below(30_000), node));
      const amid = (type: EntryType, fault: Fault) => {
        if (random.chance(0.3)) steps.push(after(UP_MS, type, random.below(6_000), fault));
      };
      const node = random.pick(MACHINES);
      const by = 'mutants';
      amid('reinstall.ticketed', { kind: 'order', order: { kind: 'freeze', by, reason: 'rehearsed' } });
      amid('cluster.frozen', { kind: 'order', order: { kind: 'thaw', by } });
      amid('reinstall.ticketed', { kind: 'order', order: { kind: 'veto-reinstall', host: node, by } });
      amid('reinstall.booted', { kind: 'kill-daemon', node: '@leader' });
      amid('reinstall.committed', { kind: 'power-loss', node: '@subject' });
      amid('reinstall.committed', { kind: 'power-loss', node: '@leader', forMs: 10_000 });
      amid('netboot.succeeded', { kind: 'isolate', node: '@leader', forMs: 5_000 });
      amid('host.enrolled', { kind: 'power-loss', node: '@subject' });
      amid('reinstall.left', { kind: 'starts', node, mode: 'fail', forMs: 15_000 });
      for (const kind of ['ticket-stolen', 'mac-forged'] as const)
        if (random.chance(0.3)) steps.push(at(UP_MS, { kind, node }));
      if (random.chance(0.3)) steps.push(at(UP_MS, { kind: 'pxe-ignored', node, times: 1 }));
      if (random.chance(0.2)) steps.push(at(UP_MS + 40_000, { kind: 'disk-exchanged', node }));
      return plan(ground(machineWish), [published, released, ...steps], UP_MS + 120_000, 240_000);
    },
  },
  placement: {
    about: 'little room, guests that shun each other, and a host in maintenance',
    plan(random) {
      const hosts = HOSTS.slice(0, 3);
      const guests = Object.fromEntries(
        [1, 2, 3, 4, 5].map((i) => [
          `g${i}`,
          {
            ...(i < 3 ? { apart: [`g${i + 1}`] } : {}),
            ...(random.chance(0.5) ? { prefers: random.pick(hosts) } : {}),
          },
        ]),
      );
      const spec = ground({ hosts, arbiters: ARBITERS, guests, memoryMiB: 1_024 + 512 * random.below(2) });
      const steps = [at(UP_MS + 1_000, { kind: 'power-loss', node: random.pick(hosts) })];
      if (random.chance(0.5)) steps.push(maintenance(random.pick(hosts), UP_MS, true));
      return plan(spec, steps, UP_MS + 10_000);
    },
  },
};

/** A pure function of name and seed. */
export const huntPlan = (name: string, seed: number): Plan => HUNTS[name]!.plan(createRandom(`${seed}/${name}`));
