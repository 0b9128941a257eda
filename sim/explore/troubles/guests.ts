/** Guests, what carries them, and clocks. */
import { RHO } from '../../../machines/times.ts';
import type { Fault } from '../../faults.ts';
import { weighted } from '../cluster.ts';
import { long, now, once, silence, someGuest, someNode, soon, type Troubles } from './ground.ts';

export const GUEST_TROUBLES: Troubles = [
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
];
