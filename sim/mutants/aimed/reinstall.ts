/** Aimed at hosts installed anew: what may not be written, and when. h4 and h5 may be; they do not vote. */
import type { Fleet } from '../../../machines/fleet.ts';
import type { Mode } from '../../../machines/machine-facts.ts';
import { planDigest, reinstallPlan } from '../../../machines/reinstall-plan.ts';
import type { Step } from '../../explore/plan.ts';
import { after, at, ground, plan, UP_MS, type Wish } from '../grounds.ts';
import { type Aimed, HOSTS, isolate, keepFree, order } from './parts.ts';

export const MACHINES = ['h4', 'h5'];
const ALL = [...HOSTS, ...MACHINES];
const MANIFEST = 'a'.repeat(64);

export const machineWish: Wish = {
  hosts: ALL,
  voters: HOSTS,
  machines: MACHINES,
  guests: { g1: { prefers: 'h1' }, g4: { prefers: 'h4', hosts: ['h4'] } },
};
export const published: Step = order(UP_MS - 2_000, {
  kind: 'publish-image',
  name: 'host',
  version: 1,
  manifest: MANIFEST,
});
/** Its disk is gone, and with its power it learns it. */
export const ruin = (atMs: number, node: string): Step[] => [
  at(atMs, { kind: 'disk-ruined', node }),
  at(atMs + 1, { kind: 'power-loss', node }),
];
const noImages = (after: Step['after'], forMs: number): Step[] =>
  ALL.map((node) => ({ atMs: UP_MS, ...(after ? { after } : {}), fault: { kind: 'image-server-down', node, forMs } }));
/** Two hosts of five fell silent together. */
export const released: Step = after(UP_MS, 'brake.applied', 500, {
  kind: 'order',
  order: { kind: 'release-brake', by: 'mutants' },
});
const freeze = { kind: 'order', order: { kind: 'freeze', by: 'mutants', reason: 'rehearsed' } } as const;

/** What a person confirms who orders a host to be installed anew that is in its first life and lives. */
function ordered(host: string, mode: Mode): Step {
  const fleet = {
    spec: ground(machineWish),
    images: { host: { version: 1, manifest: MANIFEST } },
    hosts: {
      [host]: { state: 'maintenance', context: { incarnation: { counter: 0 }, leased: -1, fence: null, degraded: {} } },
    },
  } as unknown as Fleet;
  const digest = planDigest(reinstallPlan(fleet, host, mode));
  return order(UP_MS + 2_000, { kind: 'reinstall', host, mode, reason: 'rehearsed', plan: digest });
}

const machines = (steps: readonly Step[], forMs: number, wish: Partial<Wish> = {}, quietMs = 0) =>
  plan(ground({ ...machineWish, ...wish }), [published, ...steps], UP_MS + forMs, quietMs);

export const reinstalls: Readonly<Record<string, Aimed>> = {
  'frozen-before-commit': {
    about: 'the cluster is frozen while an installer boots',
    plan: machines([...ruin(UP_MS, 'h4'), after(UP_MS, 'reinstall.ticketed', 500, freeze)], 40_000),
    never: /h4: disk-given-up/,
  },
  'frozen-before-commit-is-repeated': {
    about: 'the answer to a commit is lost, and the cluster is frozen before the installer asks again',
    plan: machines(
      [
        ...ruin(UP_MS, 'h4'),
        after(UP_MS, 'reinstall.committed', 0, { kind: 'isolate', node: '@leader', forMs: 4_000 }),
        ...noImages({ type: 'reinstall.committed', delayMs: 200 }, 20_000),
        after(UP_MS, 'reinstall.committed', 10_000, freeze),
      ],
      60_000,
      { provisioning: { stallMs: 60_000 } },
    ),
  },
  'enrolled-and-cut': {
    about: 'a host loses its power right after it was enrolled, and the next try starts it from its disk',
    plan: machines(
      [
        ...ruin(UP_MS, 'h4'),
        after(UP_MS, 'host.enrolled', 100, { kind: 'power-loss', node: 'h4' }),
        after(UP_MS, 'host.enrolled', 101, { kind: 'pxe-ignored', node: 'h4', times: 1 }),
      ],
      900_000,
    ),
  },
  'disk-exchanged': {
    about: 'the disk of a host is exchanged for one that nobody has named',
    plan: machines([...ruin(UP_MS, 'h4'), at(UP_MS + 2, { kind: 'disk-exchanged', node: 'h4' })], 40_000),
  },
  'disk-exchanged-amid': {
    about: 'the installer has told which disk there is, and then finds another one',
    plan: machines(
      [...ruin(UP_MS, 'h4'), after(UP_MS, 'reinstall.booted', 0, { kind: 'disk-exchanged', node: 'h4' })],
      40_000,
    ),
  },
  'mac-forged': {
    about: 'another machine asks for the ticket first, under the MAC address of the host',
    plan: machines([at(UP_MS, { kind: 'mac-forged', node: 'h4' }), ...ruin(UP_MS, 'h4')], 40_000),
  },
  'ticket-stolen': {
    about: 'another machine shows the ticket, too',
    plan: machines([at(UP_MS, { kind: 'ticket-stolen', node: 'h4' }), ...ruin(UP_MS, 'h4')], 40_000),
  },
  'late-installer': {
    about: 'an installer is heard only when its try is over, and its power cannot be cut for the next one',
    plan: machines(
      [
        ...ruin(UP_MS, 'h4'),
        ...noImages({ type: 'reinstall.ticketed', delayMs: 10 }, 33_000),
        after(UP_MS, 'reinstall.ticketed', 10, { kind: 'bmc', node: 'h4', mode: 'dead' }),
      ],
      70_000,
    ),
  },
  'voter-disk-ruined': {
    about: 'the disk of a voter is ruined',
    plan: machines(ruin(UP_MS, 'h3'), 40_000, { machines: [...MACHINES, 'h3'] }),
  },
  'installed-alive': {
    about: 'a person orders a host installed anew that is kept free, and lives',
    plan: machines([order(UP_MS, keepFree('h5', true)), ordered('h5', 'install')], 40_000),
  },
  'returns-before-its-installation': {
    about: 'a host that is to be installed anew boots its disk instead, and is back',
    plan: machines(
      [at(UP_MS, { kind: 'pxe-ignored', node: 'h4', times: 1 }), at(UP_MS, { kind: 'power-loss', node: 'h4' })],
      80_000,
    ),
    never: /h4 has no power: power off by its BMC/,
  },
  vetoed: {
    about: 'a person says no while the installer boots',
    plan: machines(
      [
        ...ruin(UP_MS, 'h4'),
        after(UP_MS, 'reinstall.ticketed', 500, {
          kind: 'order',
          order: { kind: 'veto-reinstall', host: 'h4', by: 'mutants' },
        }),
      ],
      40_000,
    ),
  },
  'one-a-day': {
    about: 'a second host is to be installed anew on a day that has room for one',
    plan: machines([...ruin(UP_MS, 'h4'), ...ruin(UP_MS + 5_000, 'h5'), released], 130_000, {
      provisioning: { perDay: 1 },
    }),
  },
  'one-at-once': {
    about: 'a second host is to be installed anew while the first one is',
    plan: machines([...ruin(UP_MS, 'h4'), ...ruin(UP_MS + 5_000, 'h5'), released], 30_000),
    never: /reinstall\.armed host\/h5/,
  },
  'dry-run': {
    about: 'a person has an installation rehearsed',
    plan: machines([order(UP_MS, keepFree('h5', true)), ordered('h5', 'dry-run')], 40_000),
  },
  'installed-for-a-guest': {
    about: 'a host is installed anew, and the only guest it may have waits for it',
    plan: machines(ruin(UP_MS, 'h4'), 120_000),
    always: /g4 is started on h4/,
  },
  'installed-and-unfit': {
    about: 'the same, and nothing can be started there at first',
    plan: machines(
      [
        ...ruin(UP_MS, 'h4'),
        after(UP_MS, 'reinstall.left', 0, { kind: 'starts', node: 'h4', mode: 'fail', forMs: 20_000 }),
      ],
      120_000,
    ),
  },
  'installed-with-a-new-life': {
    about: 'a host is cut off, comes back in its next life, and is installed anew later',
    settles: true,
    plan: machines([isolate(UP_MS, 'h5', 100), ...ruin(UP_MS + 1_000, 'h5')], 100_000, {}, 60_000),
  },
};
