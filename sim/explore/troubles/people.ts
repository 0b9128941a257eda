/** What people order, in the middle of something else or for no reason. */
import type { Fault } from '../../faults.ts';
import { weighted } from '../cluster.ts';
import { long, now, once, silence, someGuest, soon, type Troubles } from './ground.ts';

export const PEOPLE_TROUBLES: Troubles = [
  [
    2,
    (g, atMs) => {
      const host = g.random.pick(g.hosts);
      return [
        now(atMs, {
          kind: 'order',
          order: {
            kind: 'maintenance',
            host,
            on: true,
            ...(g.random.chance(0.7) ? { drain: true as const } : {}),
            by: 'explorer',
          },
        }),
        ...silence(g, atMs + soon(g.random)),
        now(atMs + long(g.random, 2_000, 60_000), {
          kind: 'order',
          order: { kind: 'maintenance', host, on: false, by: 'explorer' },
        }),
      ];
    },
  ],
  // A host is being emptied when it, the host that a guest is to go to, or the leader falls away.
  [
    3,
    (g, atMs) => {
      const host = g.random.pick(g.hosts);
      const node = g.random.pick([host, '@subject', '@leader']);
      const forMs = long(g.random, 500, 20_000);
      const fault = weighted<Fault>(g.random, [
        [2, { kind: 'power-loss', node, forMs }],
        [2, { kind: 'isolate', node, forMs }],
        [1, { kind: 'kill-daemon', node }],
        [1, { kind: 'order', order: { kind: 'maintenance', host, on: false, by: 'explorer' } }],
        [1, { kind: 'order', order: { kind: 'step-down', by: 'explorer' } }],
      ]);
      return [
        now(atMs, { kind: 'order', order: { kind: 'maintenance', host, on: true, drain: true, by: 'explorer' } }),
        once(atMs, 'guest.granted', g.random.below(3_500), fault),
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
];
