/** Aimed at starts, stops and migrations, late, lost or in vain. */

import { at, UP_MS } from '../grounds.ts';
import { type Aimed, ARBITERS, cluster, granted, HOSTS, keepFree, lonely, order, want } from './parts.ts';

export const commands: Readonly<Record<string, Aimed>> = {
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
        ...['h1', 'h2', ...ARBITERS].flatMap((other) => [
          granted(31, { kind: 'cut', from: 'h3', to: other, forMs: 500 }),
          granted(31, { kind: 'cut', from: other, to: 'h3', forMs: 500 }),
        ]),
        order(UP_MS + 900, want('g1', 'stopped')),
        order(UP_MS + 1_200, keepFree('h3', true)),
        order(UP_MS + 1_300, want('g1', 'running')),
      ],
      6_000,
    ),
  },
  'start-for-the-last-life': {
    about:
      'all that goes to and from a host is held up; it is proven stopped meanwhile, and a start arrives in its next life',
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
          forMs: 6_500,
        }),
      ],
      14_000,
    ),
  },
  'migration-to-the-next-life': {
    about: 'the target of a migration dies and is back, as another life, before anybody has noticed',
    plan: {
      ...cluster(
        { hosts: HOSTS, arbiters: ARBITERS, guests: lonely('g1') },
        [
          order(UP_MS, want('g1', 'running')),
          at(UP_MS + 2_000, { kind: 'kernel-panic', node: 'h1' }),
          order(UP_MS + 2_050, { kind: 'migrate', guest: 'g1', to: 'h1' }),
        ],
        12_000,
      ),
      model: { hostBootMs: [300, 500] },
    },
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
};
