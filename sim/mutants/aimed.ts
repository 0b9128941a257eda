/** Plans made for one rule each: the moment in which it is needed, by hand. The seed still draws how long things take. */
import type { Order } from '../../services/protocol.ts';
import type { Plan, Step } from '../explore/plan.ts';
import { after, at, ground, plan, UP_MS, type Wish } from './grounds.ts';

export interface Aimed {
  readonly about: string;
  readonly plan: Plan;
  /** What has not come to rest at the end counts too. */
  readonly settles?: boolean;
  /** No line of what happens from the first fault on may match. */
  readonly never?: RegExp;
  /** A line must match between the first fault and the end. */
  readonly always?: RegExp;
}

const HOSTS = ['h1', 'h2', 'h3'];
const VOTERS = ['v1', 'v2', 'v3'];
const ARBITERS = ['a1', 'a2', 'a3'];
/** Half of ρ each way. Not imported: a mutant changes it. */
const HALF_RHO = 0.0025;
const NOBODY = `U${'A'.repeat(55)}`;

type Unsigned<T> = T extends unknown ? Omit<T, 'by'> : never;
const order = (atMs: number, what: Unsigned<Order>): Step =>
  at(atMs, { kind: 'order', order: { ...what, by: 'mutants' } as Order });
const orderAfterElection = (delayMs: number, what: Unsigned<Order>): Step =>
  after(UP_MS + 100, 'leader.elected', delayMs, { kind: 'order', order: { ...what, by: 'mutants' } as Order });
const want = (guest: string, desired: 'running' | 'stopped') => ({ kind: 'set-desired', guest, desired }) as const;
const keepFree = (host: string, on: boolean) => ({ kind: 'maintenance', host, on }) as const;
const deadBmc = (node: string): Step => at(UP_MS - 1_000, { kind: 'bmc', node, mode: 'dead' });
const isolate = (atMs: number, node: string, forMs: number): Step => at(atMs, { kind: 'isolate', node, forMs });
const pauses = (atMs: number, nodes: readonly string[], forMs: number): Step[] =>
  nodes.map((node) => at(atMs, { kind: 'pause-daemon', node, forMs }));
const kills = (atMs: number, nodes: readonly string[]): Step[] =>
  nodes.map((node) => at(atMs, { kind: 'kill-daemon', node }));
const granted = (delayMs: number, fault: Step['fault']): Step => after(UP_MS - 1, 'guest.granted', delayMs, fault);

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

function cluster(wish: Wish, steps: readonly Step[], forMs: number, quietMs = 0): Plan {
  return plan(ground(wish), steps, UP_MS + forMs, quietMs);
}
const lonely = (guest: string) => ({ [guest]: { prefers: 'h3', desired: 'stopped' } });
const forgotten = (heard: readonly string[], then: readonly Step[], forMs: number) =>
  cluster(...forgottenGrant(heard, then), forMs);

export const AIMED: Readonly<Record<string, Aimed>> = {
  'network-outage': {
    about: 'the control network is down for 20 s',
    plan: cluster({ hosts: HOSTS }, [at(UP_MS, { kind: 'control-network-down', forMs: 20_000 })], 30_000),
    never: /reset by its watchdog|host\.suspected|fence\.proven/,
  },
  'block-forgotten': {
    about: 'two of three voters restart right after a Block, and the blocked host is back before its proof',
    plan: cluster(
      { hosts: HOSTS, arbiters: VOTERS },
      [
        deadBmc('h3'),
        isolate(UP_MS, 'h3', 1_600),
        ...['v1', 'v2'].map((node) => after(UP_MS, 'host.suspected', 60, { kind: 'kill-daemon', node })),
      ],
      10_000,
    ),
  },
  'epochs-forgotten': {
    about: 'all daemons restart twice while the log stands still: nobody remembers the leader in between',
    plan: cluster(
      { hosts: ['h1', 'h2'], arbiters: ARBITERS },
      [
        at(UP_MS, { kind: 'log-stall', forMs: 12_000 }),
        ...kills(UP_MS + 10, ['h1', 'h2', ...ARBITERS]),
        ...kills(UP_MS + 4_500, ['h1', 'h2', ...ARBITERS]),
      ],
      14_000,
    ),
  },
  'slow-answer': {
    about: 'a daemon is paused with the answers to its renewal on their way, and cut off when it goes on',
    plan: cluster(
      { hosts: HOSTS, arbiters: VOTERS },
      [
        deadBmc('h3'),
        at(UP_MS - 3_000, {
          kind: 'bad-network',
          node: 'h3',
          delayMs: 90,
          jitterMs: 0,
          lossRatio: 0,
          duplicateRatio: 0,
          forMs: 20_000,
        }),
        at(UP_MS, { kind: 'stuck-guests', node: 'h3', forMs: 20_000 }),
        ...pauses(UP_MS, ['h3'], 2_000),
        isolate(UP_MS + 1_000, 'h3', 15_000),
      ],
      12_000,
    ),
  },
  'stale-voter': {
    about: 'a voter that was away comes back just when a host falls silent: its last promise is long over',
    plan: cluster(
      { hosts: HOSTS, arbiters: VOTERS },
      [deadBmc('h3'), isolate(UP_MS, 'v1', 6_005), isolate(UP_MS + 6_000, 'h3', 15_000)],
      16_000,
    ),
  },
  'alone-with-its-voter': {
    about: 'a host that is a voter itself is cut off from all others',
    plan: cluster({ hosts: HOSTS, bmcs: [] }, [isolate(UP_MS, 'h3', 12_000)], 12_000),
    never: /g3 can write on h3/,
  },
  'stuck-and-cut-off': {
    about: 'a host is cut off whose guests cannot be paused',
    plan: plan(
      ground({ hosts: HOSTS, arbiters: VOTERS, profile: 'standard', bmcs: [] }),
      [at(UP_MS + 10_000, { kind: 'stuck-guests', node: 'h3', forMs: 60_000 }), isolate(UP_MS + 10_000, 'h3', 60_000)],
      UP_MS + 35_000,
    ),
  },
  'hasty-bmc': {
    about: 'a BMC reads off at once, and the power goes within the time that this switch is known to need',
    plan: cluster(
      { hosts: HOSTS, arbiters: VOTERS, readingsApartMs: 1_000 },
      [
        at(UP_MS - 1_000, { kind: 'bmc', node: 'h3', mode: 'lies' }),
        isolate(UP_MS, 'h3', 15_000),
        after(UP_MS, 'host.suspected', 800, { kind: 'power-loss', node: 'h3' }),
      ],
      8_000,
    ),
  },
  'lying-bmc': {
    about: 'a BMC says off of a host that is heard and whose guests cannot be stopped',
    plan: cluster(
      { hosts: HOSTS, arbiters: VOTERS, readingsApartMs: 1_000 },
      [
        at(UP_MS - 1_000, { kind: 'bmc', node: 'h3', mode: 'lies' }),
        at(UP_MS - 1_000, { kind: 'stuck-guests', node: 'h3', forMs: 20_000 }),
        order(UP_MS, { kind: 'fence', host: 'h3', reason: 'rehearsed' }),
      ],
      8_000,
    ),
  },
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
  'late-start': {
    about: 'a start is held up on its way, and arrives after the guest was stopped and started elsewhere',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS, guests: lonely('g1') },
      [
        order(UP_MS, want('g1', 'running')),
        granted(0, {
          kind: 'bad-network',
          node: 'h3',
          lossRatio: 0,
          duplicateRatio: 0,
          delayMs: 1_300,
          jitterMs: 0,
          forMs: 30,
        }),
        granted(31, { kind: 'isolate', node: 'h3', forMs: 800 }),
        order(UP_MS + 900, want('g1', 'stopped')),
        order(UP_MS + 1_200, keepFree('h3', true)),
        order(UP_MS + 1_300, want('g1', 'running')),
      ],
      6_000,
    ),
  },
  'start-for-the-last-life': {
    about: 'a start is held up on its way, its host is proven stopped meanwhile, and it arrives in the next life',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS, guests: lonely('g1'), bmcs: [] },
      [
        order(UP_MS, want('g1', 'running')),
        granted(0, {
          kind: 'bad-network',
          node: 'h3',
          lossRatio: 0,
          duplicateRatio: 0,
          delayMs: 8_500,
          jitterMs: 0,
          forMs: 30,
        }),
        granted(31, { kind: 'isolate', node: 'h3', forMs: 7_000 }),
      ],
      14_000,
    ),
  },
  'start-on-return': {
    about: 'a start that met a cut arrives when the host is back, its lease long over',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS, guests: lonely('g1'), bmcs: [] },
      [order(UP_MS, want('g1', 'running')), granted(0, { kind: 'isolate', node: 'h3', forMs: 7_000 })],
      12_000,
    ),
  },
  'stuck-stop': {
    about: 'a guest cannot be stopped, its host is put into maintenance and the guest ordered to run again',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [
        at(UP_MS, { kind: 'stuck-guests', node: 'h1', forMs: 90_000 }),
        order(UP_MS + 100, want('g1', 'stopped')),
        order(UP_MS + 200, keepFree('h1', true)),
        order(UP_MS + 46_500, want('g1', 'running')),
      ],
      52_000,
    ),
  },
  'restart-while-paused': {
    about: 'a daemon restarts while its guests are paused for want of a lease',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [at(UP_MS, { kind: 'control-network-down', forMs: 12_000 }), ...kills(UP_MS + 5_000, ['h1'])],
      20_000,
      20_000,
    ),
    settles: true,
  },
  'crash-in-a-short-cut': {
    about: 'a guest dies while its host is cut off, too short for anybody to worry',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [isolate(UP_MS, 'h1', 700), at(UP_MS + 100, { kind: 'kill-guest', guest: 'g1' })],
      5_000,
      20_000,
    ),
    settles: true,
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
  'slow-leader': {
    about: 'the leader is paused for a second and finds that it has heard nobody',
    plan: cluster({ hosts: HOSTS, arbiters: ARBITERS }, pauses(UP_MS, ['@leader'], 940), 4_000),
    never: /host\.suspected/,
  },
  'frozen-fence': {
    about: 'a host falls silent in a frozen cluster',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [order(UP_MS, { kind: 'freeze', reason: 'rehearsed' }), isolate(UP_MS + 500, 'h3', 20_000)],
      9_000,
    ),
    never: /fence\.proven|power off by its BMC/,
  },
  'frozen-start': {
    about: 'a guest dies in a frozen cluster',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [order(UP_MS, { kind: 'freeze', reason: 'rehearsed' }), at(UP_MS + 500, { kind: 'kill-guest', guest: 'g1' })],
      6_000,
    ),
    never: /guest\.granted|is started on/,
  },
  'forged-confirmation': {
    about: 'somebody confirms in a person’s name that a host is off',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS, unwatched: ['h3'], bmcs: [], operators: { op: NOBODY } },
      [
        isolate(UP_MS, 'h3', 20_000),
        at(UP_MS + 5_000, {
          kind: 'order',
          order: {
            kind: 'confirm-off',
            host: 'h3',
            counter: 0,
            by: 'op',
            checked: 'seen',
            key: NOBODY,
            signature: 'x',
          },
        }),
      ],
      9_000,
    ),
    never: /fence\.proven/,
  },
  'source-dies-after-hand-over': {
    about: 'a guest has arrived, libvirt of the source hangs before it says so, and then the source loses its power',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [
        order(UP_MS, { kind: 'migrate', guest: 'g1', to: null }),
        granted(200, { kind: 'libvirt', node: 'h1', mode: 'hung', forMs: 20_000 }),
        granted(4_000, { kind: 'power-loss', node: 'h1' }),
      ],
      12_000,
    ),
  },
  'many-takeovers': {
    about: 'a guest waits to be tried again while the lead changes every three seconds',
    plan: cluster(
      {
        hosts: HOSTS,
        arbiters: ARBITERS,
        guests: { g1: { prefers: 'h1', ladder: { inPlace: { tries: 5, backoffMs: 2_000 } } } },
      },
      [
        at(UP_MS, { kind: 'crash-loop', guest: 'g1', times: 2 }),
        ...Array.from({ length: 10 }, (_, i) => order(UP_MS + 3_000 * (i + 1), { kind: 'step-down' })),
      ],
      30_000,
    ),
    always: /timer\.fired guest\/g1/,
  },
  'half-gone': {
    about: 'three hosts of six are cut off at once',
    plan: cluster(
      { hosts: [...HOSTS, 'h4', 'h5', 'h6'], arbiters: ARBITERS },
      ['h4', 'h5', 'h6'].map((node) => isolate(UP_MS, node, 15_000)),
      10_000,
    ),
  },
  'second-voter-ordered-off': {
    about: 'one of three voters is proven stopped, and a person orders the next one off',
    plan: cluster(
      { hosts: HOSTS },
      [
        deadBmc('h3'),
        at(UP_MS, { kind: 'power-loss', node: 'h3' }),
        order(UP_MS + 8_000, { kind: 'fence', host: 'h2', reason: 'rehearsed' }),
      ],
      13_000,
    ),
    never: /power off by its BMC/,
  },
  'late-block': {
    about: 'clocks as wrong as may be, a daemon that stands still, and a Block shortly before its lease ends',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS, profile: 'wan', bmcs: [] },
      [
        ...[...HOSTS, ...ARBITERS].map((node) =>
          at(0, { kind: 'clock-drift', node, ratio: node === 'h3' ? -HALF_RHO : HALF_RHO }),
        ),
        // Shifts its renewals against its pets, each seed by another time.
        ...kills(UP_MS + 10_000, ['h3']),
        order(UP_MS + 50_000, { kind: 'freeze', reason: 'rehearsed' }),
        ...pauses(UP_MS + 60_000, ['h3'], 90_000),
        order(UP_MS + 60_000 + 55_000, { kind: 'thaw' }),
      ],
      125_000,
    ),
  },
};
