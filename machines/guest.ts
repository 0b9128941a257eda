/**
 * The guest: from its grant over crash, loss of its host and migration to its next grant, as a table.
 *
 * One rule carries everything: `release` is null while the holder of `grant` may run the guest, and nothing asks for a
 * new place before it is set.
 */
import { guest, type Next, newGuest } from './guest-parts.ts';
import type { IntentType } from './intents.ts';

/** A migration whose end is unknown is asked about again after this long. */
export const MIGRATION_RETRY_MS = 5_000;

const note = (then = '') => ({ type: 'note', params: { then } }) as const;
const withdraw = (intent: IntentType) => ({ type: 'withdraw', params: { intent } }) as const;
const disarm = (name: string) => ({ type: 'disarm', params: { name } }) as const;
const timer = (name: string) => ({ type: 'timer', params: { name } }) as const;
const is = (what: Next) => ({ type: 'next', params: { is: what } }) as const;

/** The grant is released by the event: what now? */
const down = [
  { guard: is('stopped'), target: 'stopped', reenter: true, actions: ['release', note()] },
  {
    guard: is('half-installed'),
    target: 'failed',
    reenter: true,
    actions: ['release', note('its installation had no good end, a person decides')],
  },
  {
    guard: is('elsewhere'),
    target: 'relocating',
    reenter: true,
    actions: ['release', 'placeAnywhere', note('a host for it is sought')],
  },
  {
    guard: is('other-host'),
    target: 'relocating',
    reenter: true,
    actions: ['release', 'avoid', 'starve', 'placeAnywhere', note('another host is sought, which costs it no restart')],
  },
  {
    guard: is('await-storage'),
    target: 'blocked',
    reenter: true,
    actions: ['release', 'avoid', 'starve', note('it waits for its storage, which costs it no restart')],
  },
  {
    guard: is('inPlace'),
    target: 'restarting',
    reenter: true,
    actions: [
      'release',
      { type: 'placeAfterWait', params: { rung: 'inPlace' } },
      { type: 'spend', params: { rung: 'inPlace' } },
      note('to be started again where it was'),
    ],
  },
  {
    guard: is('relocate'),
    target: 'relocating',
    reenter: true,
    actions: [
      'release',
      'avoid',
      { type: 'placeAfterWait', params: { rung: 'relocate' } },
      { type: 'spend', params: { rung: 'relocate' } },
      note('to be started on another host'),
    ],
  },
  {
    guard: is('reinstall'),
    target: 'reinstalling',
    reenter: true,
    actions: ['release', note('restarts used up, to be made anew')],
  },
  {
    guard: is('none'),
    target: 'failed',
    reenter: true,
    actions: ['release', note('all its restarts are used up, a person decides')],
  },
] as const;

/** Seen not to be gone after all, under its very grant: nothing is started, whatever had been concluded. */
const backAgain = [
  { guard: 'foundInstalling', target: 'installing', reenter: true, actions: ['recount', note()] },
  { guard: 'foundAgain', target: 'running', reenter: true, actions: ['recount', note()] },
] as const;

/** The host lists its instances. In states where the guest is believed to run. */
const listed = [
  ...down,
  { guard: 'found', actions: 'recount' },
  {
    guard: 'unlisted',
    target: 'stopping',
    actions: ['stop', note('it is not in the list; made certain before anything else')],
  },
] as const;

/** The same while it is being started, and wherever it is believed gone. */
const listedAtRest = [...backAgain, ...down] as const;

const stopNow = (then: string) => ({ target: 'stopping', actions: ['stop', note(then)] }) as const;

/** An order to stop, where there may be something to stop. */
const unwanted = [
  { guard: 'unwantedHeld', target: 'stopping', actions: ['order', 'stopGracefully', note()] },
  { guard: 'unwanted', target: 'stopped', actions: ['order', note()] },
] as const;

/** The installer has ended itself. Ahead of `down`, which knows no good end of an installation. */
const installed = {
  guard: 'installed',
  target: 'relocating',
  reenter: true,
  actions: ['release', 'useRebuilt', 'placeAnywhere', note('it is installed, and started from its disk')],
} as const;

/** Being placed and started; the same whether here or elsewhere. */
const starting = {
  'guest.granted': { guard: 'toStart', actions: [withdraw('place'), 'grant', 'start', note()] },
  'start.succeeded': [
    {
      guard: 'toInstall',
      target: 'installing',
      actions: ['feed', { type: 'observe', params: { as: 'running' } }, note('it is installed from the network')],
    },
    {
      guard: 'ofHolder',
      target: 'running',
      actions: ['feed', { type: 'observe', params: { as: 'running' } }, note()],
    },
  ],
  'start.failed': down,
  // It may run there or may not: it is stopped and seen gone at that very host, and never started elsewhere before.
  'start.unknown': { guard: 'ofHolder', ...stopNow('made certain before another try') },
  'guest.crashed': [installed, ...down, { guard: 'crashedNotGone', ...stopNow('what is left of it is stopped first') }],
  'fence.proven': down,
  'host.joined': listedAtRest,
  'host.surveyed': listedAtRest,
  'guest.ordered': unwanted,
  'cluster.configured': unwanted,
} as const;
const startingExit = [withdraw('place'), withdraw('start'), disarm('retry')] as const;

/** Under a grant and believed to run. */
const up = {
  'guest.crashed': [...down, { guard: 'crashedNotGone', ...stopNow('what is left of it is stopped first') }],
  'guest.hung': { guard: 'ofHolder', ...stopNow('it is stopped and started again') },
  'guest.paused': { guard: 'ofHolder', actions: [{ type: 'observe', params: { as: 'paused' } }, note()] },
  'guest.resumed': { guard: 'ofHolder', actions: [{ type: 'observe', params: { as: 'running' } }, note()] },
  'guest.healthy': { guard: 'ofHolder', actions: [{ type: 'observe', params: { as: 'running' } }, note()] },
  'fence.proven': down,
  'host.joined': listed,
  'host.surveyed': listed,
  'guest.ordered': [
    { guard: 'unwanted', target: 'stopping', actions: ['order', 'stopGracefully', note()] },
    { actions: 'order' },
  ],
  'cluster.configured': { guard: 'unwanted', target: 'stopping', actions: ['order', 'stopGracefully', note()] },
} as const;

const startAgain = [
  // What an installation without a good end has left is no disk to start from.
  { guard: 'wantedAnew', target: 'reinstalling', actions: ['order', note('it is installed anew')] },
  { guard: 'wanted', target: 'relocating', actions: ['order', 'placeAnywhere', note('a host for it is sought')] },
] as const;

/** Something changed that may make room for a guest that found none. One that waits for its storage needs no room. */
const room = { guard: 'roomier', actions: 'placeAnywhere' } as const;
/** A host that is there again may make room, and may reach what others do not. */
const hostIsBack = { guard: 'free', actions: ['forgive', 'placeAnywhere'] } as const;

/** No host for it. Where it failed lately is better than nowhere, once nothing else is left. */
const nowhere = (more: readonly (ReturnType<typeof withdraw> | 'armRetry')[], target: { target?: 'blocked' }) =>
  [
    {
      guard: 'starved',
      ...target,
      actions: [...more, 'forgive', note('its storage was not reached when last tried; it waits for that')],
    },
    { ...target, actions: [...more, 'forgive', note()] },
  ] as const;

/** One end of a migration is proven stopped: the other is asked whether the guest runs there. */
const ends = [
  {
    guard: { type: 'end', params: { is: 'source' } },
    actions: ['migrate', disarm('migrate'), 'dropSource', note('the target is asked whether it runs there')],
  },
  {
    guard: { type: 'end', params: { is: 'target' } },
    actions: ['migrate', disarm('migrate'), 'dropTarget', note('the source is asked whether it runs there')],
  },
] as const;

export const guestMachine = guest.createMachine({
  id: 'guest',
  context: ({ input }) => newGuest(input?.id ?? ''),
  initial: 'stopped',
  on: {
    'guest.adopted': { target: '.running', reenter: true, actions: ['adopt', 'feed', note()] },
    'guest.duplicated': { target: '.frozen', actions: note('left alone, a person decides') },
  },
  states: {
    stopped: {
      on: {
        'guest.ordered': [...startAgain, { actions: 'order' }],
        'cluster.configured': startAgain,
        'host.joined': backAgain,
        'host.surveyed': backAgain,
      },
    },
    restarting: {
      on: {
        ...starting,
        'timer.fired': { guard: timer('retry'), actions: 'placeHere' },
        'guest.unplaced': { target: 'relocating', actions: ['placeAnywhere', note('another host is sought')] },
      },
      exit: startingExit,
    },
    relocating: {
      on: {
        ...starting,
        'timer.fired': { guard: timer('retry'), actions: 'placeAnywhere' },
        'guest.unplaced': nowhere([], { target: 'blocked' }),
      },
      exit: startingExit,
    },
    running: {
      // Whichever disk it runs on, that one is not exchanged any more.
      entry: ['useRebuilt', 'armStable'],
      // Ordered to stop while it was moving, or found running though it should not.
      always: { guard: 'notDesired', target: 'stopping', actions: 'stopGracefully' },
      on: {
        ...up,
        'host.suspected': { guard: 'ofHost', target: 'suspect', actions: note() },
        'timer.fired': { guard: timer('stable'), actions: 'forget' },
        'guest.migration-requested': { actions: ['placeToMove', note('a host for it is sought')] },
        'guest.granted': { guard: 'toMigrate', target: 'migrating', actions: ['grant', 'migrate', note()] },
        'guest.unplaced': { actions: [withdraw('place'), note('it stays where it is')] },
        // Its host need not be emptied any more, and no place has been found for it yet.
        'maintenance.started': { actions: [withdraw('place'), note('it stays where it is')] },
        'maintenance.ended': { actions: [withdraw('place'), note('it stays where it is')] },
      },
      exit: [withdraw('place'), disarm('stable')],
    },
    suspect: {
      on: {
        ...up,
        'host.cleared': { guard: 'ofHost', target: 'running', actions: note() },
        // A new life ends the suspicion of its host without a clearing.
        'host.joined': [{ guard: 'foundInNewLife', target: 'running', actions: ['recount', note()] }, ...listed],
        'host.surveyed': [{ guard: 'foundInNewLife', target: 'running', actions: ['recount', note()] }, ...listed],
      },
    },
    stopping: {
      on: {
        'stop.succeeded': down,
        'stop.failed': [
          { guard: 'stopsLeft', actions: ['spendStop', 'armStop', note('tried again')] },
          { guard: 'ofHolder', target: 'blocked', actions: note('a person is needed: fence its host') },
        ],
        'stop.unknown': [
          { guard: 'stopsLeft', actions: ['spendStop', 'armStop', note('tried again')] },
          { guard: 'ofHolder', target: 'blocked', actions: note('a person is needed: fence its host') },
        ],
        'timer.fired': { guard: timer('stop'), actions: 'stop' },
        'guest.crashed': down,
        'fence.proven': down,
        'host.joined': [...down, { guard: 'found', actions: ['recount', 'stop'] }],
        'host.surveyed': [...down, { guard: 'found', actions: ['recount', 'stop'] }],
        'guest.ordered': { actions: 'order' },
        'cluster.configured': { actions: 'order' },
      },
      exit: [withdraw('stop'), disarm('stop')],
    },
    reinstalling: {
      entry: 'reinstall',
      on: {
        'reinstall.succeeded': {
          target: 'relocating',
          actions: ['rebuild', 'placeAnywhere', note('a host for it is sought')],
        },
        'reinstall.failed': { target: 'failed', actions: note('all remedies are used up, a person decides') },
        'reinstall.unknown': { target: 'failed', actions: note('all remedies are used up, a person decides') },
        'host.joined': backAgain,
        'host.surveyed': backAgain,
        // A person would rather have it tried once more: its disk is kept.
        'guest.ordered': [...startAgain, ...unwanted],
        'cluster.configured': unwanted,
      },
      exit: withdraw('reinstall'),
    },
    // Held and released like any that runs. Deaf to its probes and to the suspicion of its host: it is not running yet.
    installing: {
      entry: ['beginInstall', 'armInstall'],
      always: { guard: 'notDesired', target: 'stopping', actions: 'stopGracefully' },
      on: {
        'guest.crashed': [
          installed,
          ...down,
          { guard: 'crashedNotGone', ...stopNow('what is left of it is stopped first') },
        ],
        'timer.fired': { guard: timer('install'), ...stopNow('its installation has not ended in time') },
        'guest.paused': up['guest.paused'],
        'guest.resumed': up['guest.resumed'],
        'fence.proven': down,
        'host.joined': listed,
        'host.surveyed': listed,
        'guest.ordered': up['guest.ordered'],
        'cluster.configured': up['cluster.configured'],
      },
      exit: disarm('install'),
    },
    migrating: {
      on: {
        'migration.succeeded': [{ guard: 'arrived', target: 'running', actions: ['arrive', note()] }, ...down],
        'migration.failed': [
          { guard: 'backAtSource', target: 'running', actions: ['stay', note()] },
          { guard: 'held', ...stopNow('one end is proven stopped, the other is made certain') },
        ],
        'migration.unknown': [
          {
            guard: 'bothEnds',
            actions: [
              { type: 'arm', params: { name: 'migrate', afterMs: MIGRATION_RETRY_MS } },
              note('both ends are asked again'),
            ],
          },
          { guard: 'held', ...stopNow('one end is proven stopped, the other is made certain') },
        ],
        'timer.fired': { guard: timer('migrate'), actions: 'migrate' },
        'guest.crashed': [...ends, ...down],
        'fence.proven': [...ends, ...down],
        'host.joined': [{ guard: 'arrived', target: 'running', actions: ['arrive', note()] }, ...ends, ...down],
        'host.surveyed': [{ guard: 'arrived', target: 'running', actions: ['arrive', note()] }, ...ends, ...down],
        'guest.ordered': { actions: 'order' },
        'cluster.configured': { actions: 'order' },
      },
      exit: [withdraw('migrate'), disarm('migrate')],
    },
    blocked: {
      tags: 'needs-operator',
      entry: 'armRetry',
      on: {
        'guest.granted': { guard: 'toStart', target: 'relocating', actions: ['grant', 'start', note()] },
        'guest.unplaced': nowhere([withdraw('place'), 'armRetry'], {}),
        'timer.fired': [
          { guard: { type: 'timerHeld', params: { name: 'retry' } }, actions: 'stop' },
          { guard: timer('retry'), actions: 'placeAnywhere' },
        ],
        'stop.succeeded': [...down, room],
        'stop.failed': { guard: 'ofHolder', actions: ['armRetry', note('a person is needed: fence its host')] },
        'stop.unknown': { guard: 'ofHolder', actions: ['armRetry', note('a person is needed: fence its host')] },
        'guest.crashed': [...down, room],
        'fence.proven': [...down, room],
        'host.joined': [...backAgain, ...down, hostIsBack],
        'host.surveyed': [...backAgain, ...down],
        'host.cleared': hostIsBack,
        'host.restored': hostIsBack,
        'maintenance.ended': hostIsBack,
        'qualify.succeeded': hostIsBack,
        // Told of a guest that had waited for the same storage: it is back.
        'start.succeeded': { guard: 'free', actions: ['forgive', 'feed', 'placeAnywhere'] },
        'start.failed': room,
        'migration.succeeded': room,
        'migration.failed': room,
        'guest.ordered': [
          ...unwanted,
          { guard: 'wantedFree', actions: ['order', 'placeAnywhere', note('a host for it is sought')] },
          { actions: 'order' },
        ],
        'cluster.configured': [...unwanted, room],
      },
      exit: [withdraw('place'), withdraw('stop'), disarm('retry')],
    },
    frozen: {
      tags: 'needs-operator',
      on: {
        'guest.adopted': { actions: 'adopt' },
        'guest.duplicated': { actions: note('left alone, a person decides') },
        'fence.proven': { guard: 'released', actions: ['release', note('still frozen, a person decides')] },
        // Only a person's order ends it: to stop, or to believe in the instance under the grant.
        'guest.ordered': [
          ...unwanted,
          { guard: 'held', target: 'running', actions: ['order', note()] },
          { target: 'relocating', actions: ['order', 'placeAnywhere', note('a host for it is sought')] },
        ],
      },
    },
    failed: {
      tags: 'needs-operator',
      on: {
        'guest.ordered': [...startAgain, ...unwanted],
        'cluster.configured': unwanted,
        'host.joined': backAgain,
        'host.surveyed': backAgain,
      },
    },
  },
});
