/** Everything at once, coming back as it may. */
import { long, now, type Troubles } from './ground.ts';

export const TROUBLES_OF_ALL: Troubles = [
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
