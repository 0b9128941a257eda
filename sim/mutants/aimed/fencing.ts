/** Aimed at fencing: its proofs, and what holds it back. */

import { after, at, UP_MS } from '../grounds.ts';
import { type Aimed, ARBITERS, cluster, deadBmc, HOSTS, isolate, NOBODY, order, pauses, VOTERS } from './parts.ts';

export const fencing: Readonly<Record<string, Aimed>> = {
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
};
