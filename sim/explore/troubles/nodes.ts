/** Power, kernels, daemons and BMCs; something in the middle of what the leader does. */
import type { Fault } from '../../faults.ts';
import { weighted } from '../cluster.ts';
import { long, MOMENTS, now, once, silence, someHost, someNode, soon, type Troubles } from './ground.ts';

export const NODE_TROUBLES: Troubles = [
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
];
