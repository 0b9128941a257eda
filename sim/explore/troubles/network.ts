/** Cables and packets. */
import { long, now, otherNode, someNode, type Trouble, type Troubles } from './ground.ts';

const away: Trouble = (g, atMs) => [
  now(atMs, { kind: 'isolate', node: someNode(g), forMs: long(g.random, 300, 60_000) }),
];

export const NETWORK_TROUBLES: Troubles = [
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
];
