/** The stream and the nats-servers it lives on. */
import { long, now, silence, soon, type Troubles } from './ground.ts';

export const LOG_TROUBLES: Troubles = [
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
];
