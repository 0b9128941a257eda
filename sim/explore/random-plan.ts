/** A plan from a seed: at least twenty faults in ten minutes, then quiet. */
import type { EntryType } from '../../machines/entries.ts';
import type { Fault } from '../faults.ts';
import { ticketKey } from '../machine.ts';
import { createRandom, type Random } from '../random.ts';
import { type ConfigName, randomCluster } from './cluster.ts';
import type { Plan, Step } from './plan.ts';
import { someTrouble } from './troubles.ts';

const FIRST_FAULT_MS = 12_000;
const FAULTS_END_MS = 600_000;
const FAULTS_AT_LEAST = 20;
/** Longer than a blocked guest waits for its next try, a power cycle for the host to boot, and a stop for its bounds. */
const QUIET_MS = 240_000;

export function randomPlan(seed: number, config: ConfigName = 'any'): Plan {
  const random = createRandom(`${seed}/plan`);
  const spec = randomCluster(random.fork('cluster'), config);
  const hosts = Object.keys(spec.hosts);
  const ground = {
    spec,
    random: random.fork('troubles'),
    hosts,
    nodes: [...hosts, ...Object.keys(spec.arbiters)],
    guests: Object.keys(spec.guests),
  };
  const steps: Step[] = [];
  // Now and then a storm, now and then a fault at a time with room to recover.
  const crowded = random.chance(0.3);
  const windowMs = crowded ? 120_000 : FAULTS_END_MS - FIRST_FAULT_MS - 30_000;
  const beginMs = crowded ? FIRST_FAULT_MS + random.below(FAULTS_END_MS - windowMs - FIRST_FAULT_MS) : FIRST_FAULT_MS;
  while (steps.length < FAULTS_AT_LEAST + (crowded ? 10 : 0))
    steps.push(...someTrouble(ground, beginMs + random.below(windowMs)));
  if (config === 'machines') steps.push(...ruins(spec, random.fork('ruins')), ...brought(spec, random.fork('brought')));
  if (config === 'spares') steps.push(...givenBack(spec, random.fork('spares')));
  steps.push(...installs(spec, random.fork('installs')));
  if (random.chance(0.7)) steps.push(...person((most) => random.below(most)));
  steps.sort((a, b) => a.atMs - b.atMs);
  return {
    spec,
    model: random.chance(0.4) ? { hostBootMs: [2_000, 8_000] } : {},
    steps,
    faultsEndMs: FAULTS_END_MS,
    mending: mendingOf(spec, (ratio) => random.chance(ratio)),
    quietMs: config === 'machines' ? 4 * QUIET_MS : QUIET_MS,
  };
}

/** Guests that are to be installed from the network, and what may go wrong meanwhile. */
function installs({ guests }: Plan['spec'], random: Random): Step[] {
  return Object.keys(guests)
    .filter((guest) => guests[guest]!.rebuild?.network)
    .slice(0, 3)
    .flatMap((guest) => {
      const atMs = FIRST_FAULT_MS + random.below(400_000);
      const node = `@host-of ${guest}`;
      const forMs = 1_000 + random.below(20_000);
      const amid = random.pick<Fault>([
        { kind: 'power-loss', node, forMs },
        { kind: 'power-loss', node: '@leader', forMs },
        { kind: 'kill-daemon', node },
        { kind: 'isolate', node, forMs },
        { kind: 'libvirt', node, mode: 'hung', forMs },
        { kind: 'guest-hang', guest, forMs: 10 * forMs },
        { kind: 'kill-guest', guest },
        { kind: 'order', order: { kind: 'migrate', guest, to: null, by: 'explorer' } },
        { kind: 'order', order: { kind: 'set-desired', guest, desired: 'stopped', by: 'explorer' } },
      ]);
      return [
        { atMs, fault: { kind: 'crash-loop', guest, times: 3 } },
        { atMs: atMs + 1_000 + random.below(40_000), fault: amid },
      ];
    });
}

/** Ruined disks, and what may go wrong while they are written anew. */
function ruins({ hosts }: Plan['spec'], random: Random): Step[] {
  const machines = Object.keys(hosts).filter((host) => hosts[host]!.machine);
  const manifest = 'a'.repeat(64);
  const by = 'explorer';
  const steps: Step[] = [
    { atMs: 8_000, fault: { kind: 'order', order: { kind: 'publish-image', name: 'host', version: 1, manifest, by } } },
  ];
  for (const node of machines) {
    const atMs = FIRST_FAULT_MS + random.below(200_000);
    steps.push(
      { atMs, fault: { kind: 'disk-ruined', node } },
      { atMs: atMs + 10, fault: { kind: 'kernel-panic', node } },
    );
    const amid = (fault: Fault, type: EntryType) => {
      if (random.chance(0.3)) steps.push({ atMs, after: { type, delayMs: random.below(8_000) }, fault });
    };
    amid({ kind: 'power-loss', node: '@subject' }, 'reinstall.committed');
    amid({ kind: 'power-on', node: '@subject' }, 'netboot.succeeded');
    amid({ kind: 'kill-daemon', node: '@leader' }, 'reinstall.ticketed');
    amid({ kind: 'kill-daemon', node: '@leader' }, 'reinstall.booted');
    amid({ kind: 'power-loss', node: '@leader', forMs: 20_000 }, 'reinstall.committed');
    amid({ kind: 'log-stall', forMs: 8_000 }, 'reinstall.booted');
    amid({ kind: 'log-rollback', entries: 2 }, 'reinstall.committed');
    amid({ kind: 'kill-daemon', node: '@leader' }, 'host.enrolled');
    amid({ kind: 'power-loss', node: '@subject' }, 'host.enrolled');
    amid({ kind: 'isolate', node: '@leader', forMs: 15_000 }, 'reinstall.sealed');
    // Where the cluster file says nothing of it, a machine may do as it likes.
    if (hosts[node]!.machine!.bootOrder === undefined && random.chance(0.3))
      steps.push({ atMs: 0, fault: { kind: 'network-first', node } });
    if (random.chance(0.3)) steps.push({ atMs, fault: { kind: 'installer-hangs', node, times: 1 + random.below(2) } });
    if (random.chance(0.3)) steps.push({ atMs, fault: { kind: 'pxe-ignored', node, times: 1 + random.below(2) } });
    if (random.chance(0.2)) steps.push({ atMs, fault: { kind: 'ticket-stolen', node } });
  }
  return steps;
}

/** A person takes a machine out of service and brings another in its place, with a ticket; and what may go wrong meanwhile. */
function brought({ hosts }: Plan['spec'], random: Random): Step[] {
  const by = 'explorer';
  return Object.keys(hosts)
    .filter((host) => hosts[host]!.machine && random.chance(0.6))
    .flatMap((host): Step[] => {
      const atMs = 300_000 + random.below(120_000);
      const order = (afterMs: number, one: object): Step => ({
        atMs: atMs + afterMs,
        fault: { kind: 'order', order: { host, by, ...one } as never },
      });
      const amid = (fault: Fault, type: EntryType): Step[] =>
        random.chance(0.3) ? [{ atMs, after: { type, delayMs: random.below(12_000) }, fault }] : [];
      return [
        order(0, { kind: 'maintenance', on: true, drain: true }),
        ...(random.chance(0.8) ? [{ atMs: atMs + 15_000, fault: { kind: 'power-loss', node: host } as const }] : []),
        order(30_000, { kind: 'offer-join', key: ticketKey(host), reason: 'explored' }),
        ...(random.chance(0.3) ? [{ atMs, fault: { kind: 'ticket-stolen', node: host } as const }] : []),
        { atMs: atMs + 35_000 + random.below(10_000), fault: { kind: 'join', node: host } },
        order(60_000, { kind: 'maintenance', on: false }),
        ...amid({ kind: 'power-on', node: '@subject' }, 'join.offered'),
        ...amid({ kind: 'kill-daemon', node: '@leader' }, 'join.offered'),
        ...amid({ kind: 'power-loss', node: '@leader', forMs: 20_000 }, 'host.enrolled'),
        ...amid({ kind: 'log-rollback', entries: 1 }, 'host.enrolled'),
        ...amid({ kind: 'isolate', node: '@subject', forMs: 15_000 }, 'host.enrolled'),
      ];
    });
}

/** Spares are emptied, switched off and given back: before the faults begin, and again amid them. */
function givenBack({ hosts }: Plan['spec'], random: Random): Step[] {
  const by = 'explorer';
  return Object.keys(hosts)
    .filter((host) => hosts[host]!.spare)
    .flatMap((host, index): Step[] =>
      // Two that fall silent within a minute would be a storm.
      [2_500 + index * 70_000, 150_000 + random.below(60_000), 350_000 + random.below(60_000)].flatMap(
        (atMs): Step[] => [
          { atMs, fault: { kind: 'order', order: { kind: 'maintenance', host, on: true, drain: true, by } } },
          { atMs: atMs + 4_000, fault: { kind: 'power-loss', node: host } },
          { atMs: atMs + 9_000, fault: { kind: 'order', order: { kind: 'maintenance', host, on: false, by } } },
        ],
      ),
    );
}

/** Somebody who looks now and then, so that a brake or a freeze does not end a run before its faults do. */
function person(below: (most: number) => number): Step[] {
  const by = 'explorer';
  const every = Array.from({ length: 6 }, (_, i) => FIRST_FAULT_MS + i * 90_000);
  return every.flatMap((atMs): Step[] => [
    {
      atMs,
      after: { type: 'cluster.frozen', delayMs: 2_000 + below(20_000) },
      fault: { kind: 'order', order: { kind: 'thaw', by } },
    },
    {
      atMs,
      after: { type: 'brake.applied', delayMs: 2_000 + below(30_000) },
      fault: { kind: 'order', order: { kind: 'release-brake', by } },
    },
  ]);
}

/** Most hosts get their power back, and a person takes back what a person has ordered. */
function mendingOf(spec: Plan['spec'], chance: (ratio: number) => boolean): Step[] {
  const by = 'explorer';
  const steps: Step[] = [];
  for (const node of [...Object.keys(spec.hosts), ...Object.keys(spec.arbiters)])
    if (chance(0.85)) steps.push({ atMs: 0, fault: { kind: 'power-on', node } });
  for (const host of Object.keys(spec.hosts))
    steps.push({ atMs: 20_000, fault: { kind: 'order', order: { kind: 'maintenance', host, on: false, by } } });
  steps.push({ atMs: 20_000, fault: { kind: 'order', order: { kind: 'thaw', by } } });
  steps.push({ atMs: 60_000, fault: { kind: 'order', order: { kind: 'release-brake', by } } });
  return steps;
}
