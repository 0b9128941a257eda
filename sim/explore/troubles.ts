/** The troubles a plan is made of. Each is a few steps that are worse together than apart. */
import type { EntryType } from '../../machines/entries.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { RHO } from '../../machines/times.ts';
import type { Fault } from '../faults.ts';
import type { Random } from '../random.ts';
import { weighted } from './cluster.ts';
import type { Step } from './plan.ts';

export interface Ground {
  readonly spec: ClusterSpec;
  readonly random: Random;
  readonly hosts: readonly string[];
  readonly nodes: readonly string[];
  readonly guests: readonly string[];
}

type Trouble = (ground: Ground, atMs: number) => Step[];

const now = (atMs: number, fault: Fault): Step => ({ atMs, fault });
const once = (atMs: number, type: EntryType, delayMs: number, fault: Fault): Step => ({
  atMs,
  after: { type, delayMs },
  fault,
});

/** From so many to so many milliseconds, short ones as likely as long ones. */
const long = (random: Random, least: number, most: number) => Math.round(least * (most / least) ** random.next());
const someHost = ({ random, hosts }: Ground) => random.pick([...hosts, '@leader']);
const someNode = ({ random, nodes }: Ground) => random.pick([...nodes, '@leader', '@leader']);
const otherNode = ({ random, nodes }: Ground, than: string) => random.pick(nodes.filter((node) => node !== than));
const someGuest = ({ random, guests }: Ground) => random.pick(guests);
const soon = (random: Random) =>
  weighted(random, [
    [3, 0],
    [3, random.below(20)],
    [3, random.below(500)],
    [2, random.below(6_000)],
  ]);
const MOMENTS: readonly EntryType[] = [
  'host.suspected',
  'fence.proven',
  'guest.granted',
  'leader.elected',
  'start.succeeded',
  'host.joined',
  'guest.crashed',
  'host.surveyed',
  'host.cleared',
];

const away: Trouble = (g, atMs) => [
  now(atMs, { kind: 'isolate', node: someNode(g), forMs: long(g.random, 300, 60_000) }),
];

/** Ways for a host to be silent. */
const silence: Trouble = (g, atMs) => {
  const node = someHost(g);
  const forMs = long(g.random, 500, 40_000);
  const fault = weighted<Fault>(g.random, [
    [3, { kind: 'power-loss', node, forMs }],
    [3, { kind: 'isolate', node, forMs }],
    [2, { kind: 'freeze', node, forMs }],
    [2, { kind: 'pause-daemon', node, forMs }],
    [1, { kind: 'kernel-panic', node }],
    [1, { kind: 'power-loss', node }],
  ]);
  return [now(atMs, fault)];
};

const TROUBLES: readonly (readonly [number, Trouble])[] = [
  [6, silence],
  [2, (g, atMs) => [now(atMs, { kind: 'kernel-panic', node: someHost(g) })]],
  [4, (g, atMs) => [now(atMs, { kind: 'kill-daemon', node: someNode(g) })]],
  [2, (g, atMs) => [now(atMs, { kind: 'kill-petter', node: someHost(g) })]],
  [4, (g, atMs) => [now(atMs, { kind: 'pause-daemon', node: someNode(g), forMs: long(g.random, 200, 30_000) })]],
  // Longer than the lease, and just about as long.
  [
    4,
    (g, atMs) => [
      now(atMs, {
        kind: 'freeze',
        node: someHost(g),
        forMs: Math.round(g.spec.times.leaseMs * (0.4 + g.random.next() * 1.6)),
      }),
    ],
  ],
  [
    4,
    (g, atMs) => [
      now(atMs, {
        kind: 'pause-daemon',
        node: '@leader',
        forMs: Math.round(g.spec.times.leaderLeaseMs * (0.5 + g.random.next() * 3)),
      }),
    ],
  ],
  // The leader, and a host that it would have to save.
  [
    5,
    (g, atMs) => [
      ...silence(g, atMs),
      ...silence(g, atMs + soon(g.random)).map((step) => ({
        ...step,
        fault: { ...step.fault, node: '@leader' } as Fault,
      })),
    ],
  ],
  [4, (g, atMs) => [...silence(g, atMs), ...silence(g, atMs + soon(g.random))]],
  // Something happens to the leader in the middle of what it does.
  [
    8,
    (g, atMs) => [
      ...silence(g, atMs),
      ...[0, 1].map(() => {
        const after = g.random.pick(MOMENTS);
        const node = g.random.chance(0.7) ? '@leader' : '@subject';
        const forMs = long(g.random, 300, 20_000);
        const fault = weighted<Fault>(g.random, [
          [3, { kind: 'pause-daemon', node, forMs }],
          [2, { kind: 'isolate', node, forMs }],
          [2, { kind: 'kill-daemon', node }],
          [2, { kind: 'power-loss', node, forMs }],
          [1, { kind: 'freeze', node, forMs }],
          [1, { kind: 'order', order: { kind: 'step-down', by: 'explorer' } }],
        ]);
        return once(atMs, after, soon(g.random), fault);
      }),
    ],
  ],
  // The log forgets in the middle of a fence, of a grant, of an election.
  [
    4,
    (g, atMs) => [
      ...silence(g, atMs),
      once(atMs, g.random.pick(MOMENTS), soon(g.random), { kind: 'log-rollback', entries: 1 + g.random.below(6) }),
    ],
  ],
  [
    2,
    (g, atMs) => [
      now(atMs, { kind: 'log-rollback', entries: 1 + g.random.below(4) }),
      now(atMs + soon(g.random), { kind: 'power-loss', node: '@leader', forMs: long(g.random, 1_000, 30_000) }),
    ],
  ],
  // Voters that forget their promises while these are being waited out.
  [
    4,
    (g, atMs) => [
      ...silence(g, atMs),
      once(atMs, 'host.suspected', g.random.below(6_000), { kind: 'kill-daemon', node: g.random.pick(g.spec.voters) }),
      once(atMs, 'host.suspected', g.random.below(6_000), { kind: 'kill-daemon', node: g.random.pick(g.spec.voters) }),
    ],
  ],
  // The BMC does not help, or helps too late.
  [
    5,
    (g, atMs) => {
      const node = g.random.pick(g.hosts);
      const mode = g.random.pick(['dead', 'slow', 'ignores'] as const);
      const forMs = long(g.random, 5_000, 60_000);
      return [
        now(Math.max(0, atMs - 100), { kind: 'bmc', node, mode, forMs }),
        ...silence(g, atMs).map((step) => ({ ...step, fault: { ...step.fault, node } as Fault })),
      ];
    },
  ],
  // Cables.
  [3, away],
  [
    3,
    (g, atMs) => {
      const from = g.random.pick(g.nodes);
      const to = otherNode(g, from) ?? from;
      const forMs = long(g.random, 500, 60_000);
      const cut = now(atMs, { kind: 'cut', from, to, forMs });
      return g.random.chance(0.5) ? [cut] : [cut, now(atMs, { kind: 'cut', from: to, to: from, forMs })];
    },
  ],
  // The leader hears everybody and is heard by nobody, or the other way round.
  [
    2,
    (g, atMs) => {
      const out = g.random.chance(0.5);
      const forMs = long(g.random, 500, 30_000);
      return g.nodes.map((node) =>
        now(atMs, { kind: 'cut', from: out ? '@leader' : node, to: out ? node : '@leader', forMs }),
      );
    },
  ],
  [
    1,
    (g, atMs) => [
      now(atMs, {
        kind: 'flap',
        node: someNode(g),
        periodMs: long(g.random, 200, 6_000),
        forMs: long(g.random, 5_000, 40_000),
      }),
    ],
  ],
  [1, (g, atMs) => [now(atMs, { kind: 'control-network-down', forMs: long(g.random, 500, 60_000) })]],
  [
    2,
    (g, atMs) => [
      now(atMs, {
        kind: 'bad-network',
        ...(g.random.chance(0.5) ? { node: someNode(g) } : {}),
        lossRatio: g.random.pick([0.02, 0.1, 0.3]),
        duplicateRatio: g.random.pick([0, 0.1]),
        delayMs: g.random.pick([0, 20, 150]),
        jitterMs: g.random.pick([0, 50, 300]),
        forMs: long(g.random, 2_000, 40_000),
      }),
    ],
  ],
  // The log.
  [
    2,
    (g, atMs) => [
      now(atMs, { kind: 'log-stall', forMs: long(g.random, 500, 9_000) }),
      ...silence(g, atMs + soon(g.random)),
    ],
  ],
  [
    2,
    (g, atMs) => [
      now(atMs, { kind: 'lost-acks', ratio: g.random.pick([0.2, 0.6]), forMs: long(g.random, 2_000, 20_000) }),
      ...silence(g, atMs + soon(g.random)),
    ],
  ],
  [
    1,
    (g, atMs) => [
      now(atMs, { kind: 'stale-reads', lagMs: long(g.random, 50, 5_000), forMs: long(g.random, 2_000, 20_000) }),
      ...silence(g, atMs + soon(g.random)),
    ],
  ],
  [
    2,
    (g, atMs) => [
      now(atMs, { kind: 'server-down', node: g.random.pick(g.spec.voters), forMs: long(g.random, 1_000, 30_000) }),
    ],
  ],
  // Guests and what carries them.
  [2, (g, atMs) => [now(atMs, { kind: 'kill-guest', guest: someGuest(g) })]],
  [1, (g, atMs) => [now(atMs, { kind: 'guest-panic', guest: someGuest(g) })]],
  [1, (g, atMs) => [now(atMs, { kind: 'guest-hang', guest: someGuest(g), forMs: long(g.random, 2_000, 60_000) })]],
  [1, (g, atMs) => [now(atMs, { kind: 'crash-loop', guest: someGuest(g), times: 1 + g.random.below(5) })]],
  [
    2,
    (g, atMs) => [
      now(atMs, {
        kind: 'starts',
        node: g.random.pick(g.hosts),
        mode: g.random.pick(['fail', 'unknown']),
        forMs: long(g.random, 2_000, 40_000),
      }),
      g.random.chance(0.5) ? now(atMs + 50, { kind: 'kill-guest', guest: someGuest(g) }) : silence(g, atMs + 50)[0]!,
    ],
  ],
  [
    2,
    (g, atMs) => {
      const node = g.random.pick(g.hosts);
      const forMs = long(g.random, 2_000, 40_000);
      return [
        now(atMs, { kind: 'stuck-guests', node, forMs }),
        now(atMs + soon(g.random), { kind: 'isolate', node, forMs: long(g.random, 1_000, 30_000) }),
      ];
    },
  ],
  [
    2,
    (g, atMs) => [
      now(atMs, {
        kind: 'libvirt',
        node: g.random.pick(g.hosts),
        mode: g.random.pick(['down', 'hung']),
        forMs: long(g.random, 1_000, 40_000),
      }),
    ],
  ],
  [
    1,
    (g, atMs) => {
      const node = g.random.pick(g.hosts);
      return [
        now(atMs, {
          kind: 'libvirt',
          node,
          mode: g.random.pick(['down', 'hung']),
          forMs: long(g.random, 2_000, 20_000),
        }),
        now(atMs + soon(g.random), { kind: 'isolate', node, forMs: long(g.random, 2_000, 20_000) }),
      ];
    },
  ],
  [
    1,
    (g, atMs) => [
      now(atMs, { kind: 'storage-loss', node: g.random.pick(g.hosts), forMs: long(g.random, 1_000, 40_000) }),
    ],
  ],
  [
    2,
    (g, atMs) => [
      now(atMs, {
        kind: 'slow-disk',
        node: someNode(g),
        writeMs: long(g.random, 20, 3_000),
        forMs: long(g.random, 2_000, 20_000),
      }),
    ],
  ],
  // Clocks: two nodes may differ by ρ, so each may be off by half of that (assumption A1).
  [
    1,
    (g, atMs) => [
      now(atMs, { kind: 'clock-drift', node: g.random.pick(g.nodes), ratio: (g.random.next() - 0.5) * RHO }),
    ],
  ],
  [
    1,
    (g, atMs) => [
      now(atMs, {
        kind: 'clock-step',
        node: g.random.pick(g.nodes),
        byMs: Math.round((g.random.next() - 0.5) * 20_000),
      }),
    ],
  ],
  // A guest on its way while one of its ends dies.
  [
    4,
    (g, atMs) => {
      const guest = someGuest(g);
      const order = now(atMs, { kind: 'order', order: { kind: 'migrate', guest, to: null, by: 'explorer' } });
      const node = g.random.pick([`@host-of ${guest}`, '@subject', '@leader']);
      const forMs = long(g.random, 500, 20_000);
      const fault = weighted<Fault>(g.random, [
        [2, { kind: 'power-loss', node, forMs }],
        [2, { kind: 'isolate', node, forMs }],
        [1, { kind: 'kill-daemon', node }],
        [1, { kind: 'freeze', node, forMs }],
        [1, { kind: 'kill-guest', guest }],
      ]);
      return [order, once(atMs, 'guest.granted', g.random.below(3_500), fault)];
    },
  ],
  // People.
  [
    2,
    (g, atMs) => {
      const host = g.random.pick(g.hosts);
      return [
        now(atMs, { kind: 'order', order: { kind: 'maintenance', host, on: true, by: 'explorer' } }),
        ...silence(g, atMs + soon(g.random)),
        now(atMs + long(g.random, 2_000, 60_000), {
          kind: 'order',
          order: { kind: 'maintenance', host, on: false, by: 'explorer' },
        }),
      ];
    },
  ],
  [
    1,
    (g, atMs) => [
      now(atMs, {
        kind: 'order',
        order: { kind: 'fence', host: g.random.pick(g.hosts), by: 'explorer', reason: 'explored' },
      }),
    ],
  ],
  [
    2,
    (g, atMs) => {
      const guest = someGuest(g);
      return [
        now(atMs, { kind: 'order', order: { kind: 'set-desired', guest, desired: 'stopped', by: 'explorer' } }),
        ...(g.random.chance(0.5) ? silence(g, atMs + soon(g.random)) : []),
        now(atMs + long(g.random, 100, 30_000), {
          kind: 'order',
          order: { kind: 'set-desired', guest, desired: 'running', by: 'explorer' },
        }),
      ];
    },
  ],
  [
    1,
    (g, atMs) => [
      now(atMs, { kind: 'order', order: { kind: 'freeze', by: 'explorer', reason: 'explored' } }),
      ...silence(g, atMs + soon(g.random)),
      now(atMs + long(g.random, 1_000, 30_000), { kind: 'order', order: { kind: 'thaw', by: 'explorer' } }),
    ],
  ],
  [1, (_, atMs) => [now(atMs, { kind: 'order', order: { kind: 'step-down', by: 'explorer' } })]],
  [1, (_, atMs) => [now(atMs, { kind: 'order', order: { kind: 'release-brake', by: 'explorer' } })]],
  // Everything at once, coming back as it may.
  [
    1,
    (g, atMs) =>
      g.nodes.map((node) =>
        now(atMs + g.random.below(300), { kind: 'power-loss', node, forMs: long(g.random, 500, 60_000) }),
      ),
  ],
  [
    1,
    (g, atMs) => {
      const racks = new Set(Object.values(g.spec.hosts).map(({ domain }) => domain));
      const rack = g.random.pick([...racks]);
      return g.hosts
        .filter((host) => rack !== undefined && g.spec.hosts[host]!.domain === rack)
        .map((node) =>
          now(atMs + g.random.below(100), { kind: 'power-loss', node, forMs: long(g.random, 500, 60_000) }),
        );
    },
  ],
];

export const someTrouble = (ground: Ground, atMs: number): Step[] => weighted(ground.random, TROUBLES)(ground, atMs);
