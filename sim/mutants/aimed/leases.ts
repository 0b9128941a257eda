/** Aimed at leases, pauses and promises. */

import { after, at, ground, plan, UP_MS } from '../grounds.ts';
import {
  type Aimed,
  ARBITERS,
  cluster,
  deadBmc,
  HALF_RHO,
  HOSTS,
  isolate,
  kills,
  order,
  pauses,
  VOTERS,
} from './parts.ts';

export const leases: Readonly<Record<string, Aimed>> = {
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
    about: 'a guest dies while its host is cut off, long enough to lose connections and too short for anybody to worry',
    plan: plan(
      ground({ hosts: HOSTS, arbiters: ARBITERS, profile: 'wan' }),
      [isolate(UP_MS + 60_000, 'h1', 4_500), at(UP_MS + 60_100, { kind: 'kill-guest', guest: 'g1' })],
      UP_MS + 75_000,
      40_000,
    ),
    settles: true,
  },
  'first-lease-under-an-old-epoch': {
    about: 'a host is without power while the lead changes, and its new life asks for its first lease',
    plan: cluster(
      { hosts: HOSTS, arbiters: ARBITERS },
      [at(UP_MS, { kind: 'power-loss', node: 'h3', forMs: 3_000 }), order(UP_MS + 500, { kind: 'step-down' })],
      10_000,
    ),
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
