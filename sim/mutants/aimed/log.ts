/** Aimed at a log that forgets its end, and what runs by what it has forgotten. */
import type { Order } from '../../../services/protocol.ts';
import type { Plan, Step } from '../../explore/plan.ts';
import { after, at, UP_MS, type Wish } from '../grounds.ts';
import {
  type Aimed,
  ARBITERS,
  cluster,
  granted,
  HOSTS,
  isolate,
  keepFree,
  kills,
  order,
  orderAfterElection,
  pauses,
  type Unsigned,
  want,
} from './parts.ts';

/**
 * The leader a1 grants g1 to h3, and the log forgets the order and the grant before anybody else has heard of them. `heard`:
 * nodes that do hear of it.
 */
const forgottenGrant = (heard: readonly string[], then: readonly Step[]): readonly [Wish, readonly Step[]] => [
  { hosts: HOSTS, arbiters: ARBITERS, guests: { g1: { prefers: 'h2', desired: 'stopped' }, g2: { prefers: 'h1' } } },
  [
    // Who starts last does not lead.
    ...kills(700, [...HOSTS, 'a2', 'a3']),
    order(UP_MS - 2_000, keepFree('h2', true)),
    ...pauses(
      UP_MS - 2,
      [...HOSTS, 'a2', 'a3'].filter((node) => !heard.includes(node)),
      40,
    ),
    order(UP_MS, want('g1', 'running')),
    granted(0, { kind: 'log-rollback', entries: 2 }),
    ...then,
  ],
];

const afterTakeover = (delayMs: number, what: Unsigned<Order>): Step => ({
  ...orderAfterElection(delayMs, what),
  atMs: UP_MS + 2_500,
});

/** h3 registers and is granted g1, and the log forgets both before anybody but its leader a1 has heard of them. */
const forgottenLife = (wish: Partial<Wish>, before: readonly Step[], then: readonly Step[]): Plan =>
  cluster(
    {
      hosts: HOSTS,
      arbiters: ARBITERS,
      guests: { g1: { prefers: 'h3', hosts: ['h2', 'h3'] }, g2: { prefers: 'h1' } },
      ...wish,
    },
    [
      ...kills(700, ['h1', 'h2', 'a2', 'a3']),
      order(UP_MS - 5_000, keepFree('h2', true)),
      ...before,
      ...['h1', 'h2', 'a2', 'a3'].map((node) =>
        after(UP_MS, 'host.joined', 0, { kind: 'pause-daemon', node, forMs: 60 }),
      ),
      after(UP_MS + 1_800, 'guest.granted', 0, { kind: 'log-rollback', entries: 2 }),
      after(UP_MS + 1_800, 'guest.granted', 15, { kind: 'power-loss', node: 'a1' }),
      ...then,
    ],
    20_000,
  );

const forgotten = (heard: readonly string[], then: readonly Step[], forMs: number) =>
  cluster(...forgottenGrant(heard, then), forMs);

export const log: Readonly<Record<string, Aimed>> = {
  'lost-grant': {
    about: 'a forgotten grant runs on a host that is cut off when the next leader asks',
    plan: forgotten(
      [],
      [
        granted(15, { kind: 'power-loss', node: 'a1' }),
        after(UP_MS + 100, 'leader.elected', 0, { kind: 'isolate', node: 'h3', forMs: 9_000 }),
        orderAfterElection(30, keepFree('h2', false)),
        orderAfterElection(60, want('g1', 'running')),
      ],
      10_000,
    ),
  },
  'lost-grant-in-reach': {
    about: 'a forgotten grant runs, and a person gives the forgotten order again',
    plan: forgotten(
      [],
      [
        granted(15, { kind: 'power-loss', node: 'a1' }),
        orderAfterElection(500, keepFree('h2', false)),
        orderAfterElection(600, want('g1', 'running')),
      ],
      10_000,
    ),
  },
  'lost-registration': {
    about: 'the log forgets that a host is back from its fence, and the grant it was given then',
    plan: forgottenLife(
      {},
      [at(UP_MS, { kind: 'power-loss', node: 'h3' })],
      [afterTakeover(1_000, keepFree('h2', false))],
    ),
  },
  'lost-registration-of-restarted-voters': {
    about: 'the same, and the voters that are left restart before they elect; the host is cut off from them',
    plan: forgottenLife(
      {},
      [at(UP_MS, { kind: 'power-loss', node: 'h3' })],
      [
        ...['a2', 'a3'].map((node) =>
          after(UP_MS + 1_800, 'guest.granted', 80, { kind: 'kill-daemon', node } as const),
        ),
        after(UP_MS + 1_800, 'guest.granted', 60, { kind: 'isolate', node: 'h3', forMs: 9_000 }),
        afterTakeover(30, keepFree('h2', false)),
      ],
    ),
  },
  'lost-first-registration': {
    about: 'the log forgets the first registration of a host that came late, and its grant; then the host is cut off',
    plan: forgottenLife(
      {},
      [isolate(1, 'h3', UP_MS + 2_000)],
      [
        after(UP_MS + 2_500, 'leader.elected', 0, { kind: 'isolate', node: 'h3', forMs: 9_000 }),
        afterTakeover(30, keepFree('h2', false)),
      ],
    ),
  },
  'lost-registration-after-reboot': {
    about: 'the log forgets the new life of a host that has booted again, and its grant; then the host is cut off',
    plan: forgottenLife(
      { bmcs: [] },
      [at(UP_MS, { kind: 'kernel-panic', node: 'h3' })],
      [
        after(UP_MS + 2_500, 'leader.elected', 0, { kind: 'isolate', node: 'h3', forMs: 4_000 }),
        afterTakeover(30, keepFree('h2', false)),
      ],
    ),
  },
  fork: {
    about: 'a forgotten grant is in the journal of one host',
    plan: forgotten(['h3'], [granted(15, { kind: 'power-loss', node: 'a1' })], 10_000),
    always: /log\.fork-detected/,
  },
  'stale-start': {
    about: 'a leader is held up right after a grant that the log forgets, and sends the start when another leads',
    plan: forgotten(
      [],
      [
        granted(0, { kind: 'pause-daemon', node: 'a1', forMs: 6_000 }),
        orderAfterElection(300, keepFree('h2', false)),
        orderAfterElection(600, want('g1', 'running')),
      ],
      10_000,
    ),
  },
  'stale-start-after-restart': {
    about: 'the same, and the daemon of the host restarts in between',
    plan: forgotten(
      [],
      [
        granted(0, { kind: 'pause-daemon', node: 'a1', forMs: 6_000 }),
        orderAfterElection(300, keepFree('h2', false)),
        orderAfterElection(600, want('g1', 'running')),
        ...kills(UP_MS + 3_500, ['h3']),
      ],
      10_000,
    ),
  },
  'log-shorter': {
    about: 'the log forgets its end, and its leader is lost',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [at(UP_MS, { kind: 'log-rollback', entries: 3 }), at(UP_MS, { kind: 'power-loss', node: '@leader' })],
      15_000,
    ),
    always: /leader\.elected/,
  },
};
