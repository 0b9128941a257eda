/**
 * The host: from its first registration over suspicion, fence and power cycle back into service, as a table.
 *
 * Freeze, storm brake and survey have no place here: a wish is a wish, and runnable.ts holds back what may not be done
 * now.
 */
import { host, newHost, TEST_AGAIN_MS } from './host-parts.ts';
import type { IntentType } from './intents.ts';

/** A host that could not be proven stopped is tried again this often. */
export const FENCE_RETRY_MS = 10_000;
/** A host of the cluster file that was never heard of holds up the first starts this long, and no longer. */
export const SETTLE_MS = 10_000;

const note = (then = '') => ({ type: 'note', params: { then } }) as const;
const withdraw = (intent: IntentType) => ({ type: 'withdraw', params: { intent } }) as const;
const disarm = (name: string) => ({ type: 'disarm', params: { name } }) as const;

const registers = [
  { guard: 'untestedLife', target: '.qualifying', actions: ['register', note('to be tested before it gets guests')] },
  {
    guard: { type: 'newLifeFor', params: { maintenance: true, empty: true } },
    target: '.maintenance',
    actions: ['register', note('kept free for maintenance')],
  },
  {
    guard: { type: 'newLifeFor', params: { maintenance: true, empty: false } },
    target: '.draining',
    actions: ['register', note('to be emptied for maintenance')],
  },
  { guard: 'newLife', target: '.running', actions: ['register', note()] },
] as const;
const registersAgain = [...registers, { guard: 'sameLife', actions: ['register'] }] as const;

/** The same for a host under reinstallation. Only of what was installed the intent stays: its outcome is still to be written. */
const registersAnyhow = [
  {
    guard: 'installedLife',
    target: 'qualifying',
    actions: ['register', note('to be tested before it gets guests')],
  },
  ...registers.map(({ target, actions, ...one }) => ({
    ...one,
    target: target.slice(1),
    actions: [withdraw('reinstall'), ...actions],
  })),
] as never;

const clears = [
  { guard: 'untestedClears', target: 'qualifying', actions: ['clear', note('to be tested before it gets guests')] },
  {
    guard: { type: 'clears', params: { maintenance: true, empty: true } },
    target: 'maintenance',
    actions: ['clear', note('kept free for maintenance')],
  },
  {
    guard: { type: 'clears', params: { maintenance: true, empty: false } },
    target: 'draining',
    actions: ['clear', note('to be emptied for maintenance')],
  },
  { guard: 'ofThisLife', target: 'running', actions: ['clear', note()] },
] as const;

const LEFT_ALONE = 'in maintenance and empty: its power is left alone';

/** What to do with a host that is proven stopped, or whose last remedy did not help. */
const remedies = [
  // Whoever services it switches it on.
  {
    guard: { type: 'remedy', params: { is: 'leave' } },
    target: 'maintenance',
    actions: ['learnProof', note(LEFT_ALONE)],
  },
  {
    guard: { type: 'remedy', params: { is: 'power-on' } },
    target: 'restarting',
    actions: ['learnProof', 'spendPowerCycle', 'powerOn', note('its power is being switched on')],
  },
  {
    guard: { type: 'remedy', params: { is: 'wait' } },
    target: 'fenced',
    actions: ['learnProof', 'armPowerOn', note('switched on again after a pause')],
  },
  {
    guard: { type: 'remedy', params: { is: 'reinstall' } },
    target: 'reinstalling',
    actions: ['learnProof', 'spendReinstall', note('power cycles used up, to be installed anew')],
  },
  {
    guard: { type: 'remedy', params: { is: 'quarantine' } },
    target: 'quarantined',
    actions: ['learnProof', note('power cycles used up, a person decides')],
  },
] as const;

/** A life that holds leases and has not registered here: watched like any other, and surveyed. */
const returns = {
  'leases.reported': {
    guard: 'unknownLife',
    target: 'running',
    actions: ['lease', 'clear', note('it is asked what it runs')],
  },
} as const;

/** The same while an earlier life is being proven stopped: the proof must cover this one. */
const widens = {
  'leases.reported': { guard: 'unknownLife', actions: ['lease', 'fence', note('the proof must cover it')] },
} as const;

const switchedOnLater = {
  guard: 'triedAgain',
  target: 'fenced',
  actions: ['spendPowerOn', 'armSwitchOn', note('tried again after a pause')],
} as const;

/** A person's order, once nobody vetoed it in time. */
const ordered = {
  guard: 'orderedAtRest',
  target: 'reinstalling',
  actions: ['order', note('to be installed anew, as a person ordered')],
} as const;

const leaves = [withdraw('repair'), disarm('repair')] as const;

/** Every state in which the host may hold guests and renew its lease. */
const live = {
  // The fence begins at once. What may not be fenced now (brake, freeze) is held back where intents are carried out, and
  // so is what may not be done to a host in maintenance.
  'host.suspected': [
    { guard: 'silentInMaintenance', target: 'suspect', actions: ['suspect', 'fence', ...leaves, note(LEFT_ALONE)] },
    {
      guard: 'ofThisLife',
      target: 'suspect',
      actions: ['suspect', 'fence', ...leaves, note('it is being proven stopped')],
    },
  ],
  'leases.reported': { guard: 'unknownLife', actions: ['lease', 'clear', note('it is asked what it runs')] },
  'fence.requested': { guard: 'unproven', target: 'fencing', actions: ['fence', ...leaves, note()] },
  'fence.proven': remedies,
  'host.degraded': [
    { guard: 'startsRepair', actions: ['degrade', 'spendRepair', 'repair', note('its restart is asked for')] },
    { actions: ['degrade', note()] },
  ],
  'repair.succeeded': { actions: ['armRepair', note()] },
  'repair.failed': { actions: ['armRepair', note()] },
  'repair.unknown': { actions: ['armRepair', note()] },
  'timer.fired': [
    { guard: 'repeatsRepair', actions: ['spendRepair', 'repair', note('still in trouble, restarted again')] },
    { guard: { type: 'timer', params: { name: 'repair' } }, actions: [note('restarts used up, a person is needed')] },
  ],
} as const;

/** Not fit to hold guests. It is alive, so it is proven stopped before anything else is tried. */
const unfit = [
  {
    guard: 'testsAgain',
    actions: [
      'countTest',
      { type: 'arm', params: { name: 'qualify', afterMs: TEST_AGAIN_MS } },
      note('it is tested once more'),
    ],
  },
  { target: 'fencing', actions: ['countTest', 'fence', note('it is proven stopped first')] },
] as const;

export const hostMachine = host.createMachine({
  id: 'host',
  context: ({ input }) => newHost(input?.id ?? ''),
  initial: 'joining',
  on: {
    'host.joined': registersAgain,
    'host.surveyed': registersAgain,
    'host.restored': { actions: ['restore', withdraw('repair'), disarm('repair')] },
    'maintenance.started': { actions: [{ type: 'flag', params: { maintenance: true } }] },
    'maintenance.ended': { actions: [{ type: 'flag', params: { maintenance: false } }] },
    // From here on its disk holds what nobody has tested. Whatever becomes of this try, a life from that disk owes the test.
    'host.enrolled': { actions: 'owesTest' },
  },
  states: {
    joining: {
      on: {
        ...returns,
        'cluster.configured': [
          {
            guard: 'spare',
            actions: [note('a spare is not waited for, and not switched on before it has joined once')],
          },
          { actions: [{ type: 'arm', params: { name: 'settle', afterMs: SETTLE_MS } }, note()] },
        ],
        'timer.fired': ordered,
      },
      exit: disarm('settle'),
    },
    running: {
      tags: 'live',
      on: {
        ...live,
        'maintenance.started': [
          {
            guard: 'empty',
            target: 'maintenance',
            actions: [{ type: 'flag', params: { maintenance: true } }, note()],
          },
          { target: 'draining', actions: [{ type: 'flag', params: { maintenance: true } }, note()] },
        ],
      },
    },
    draining: {
      tags: 'live',
      on: {
        ...live,
        'maintenance.ended': {
          target: 'running',
          actions: [{ type: 'flag', params: { maintenance: false } }, note()],
        },
        'stop.succeeded': { guard: 'empty', target: 'maintenance', actions: note('the host is empty') },
        'start.failed': { guard: 'empty', target: 'maintenance', actions: note('the host is empty') },
        'guest.crashed': { guard: 'empty', target: 'maintenance', actions: note('the host is empty') },
        'migration.succeeded': { guard: 'empty', target: 'maintenance', actions: note('the host is empty') },
        // What goes next is decided by the leader (drain.ts); the host remembers what was tried.
        'maintenance.started': {
          guard: 'drainOrdered',
          actions: [{ type: 'flag', params: { maintenance: true } }, disarm('drain'), note()],
        },
        'guest.migration-requested': { guard: 'asksToLeave', actions: 'countAsk' },
        'migration.failed': { guard: 'stayed', actions: ['missed', 'armDrain'] },
        'guest.unplaced': { guard: 'askedBefore', actions: 'armDrain' },
        'drain.changed': [
          { guard: 'empty', target: 'maintenance', actions: note('the host is empty') },
          { guard: 'beingEmptied', actions: ['keep', note()] },
        ],
      },
      exit: disarm('drain'),
    },
    maintenance: {
      tags: 'live',
      on: {
        ...live,
        'timer.fired': [
          ordered,
          {
            guard: 'orderedAlive',
            target: 'fencing',
            actions: ['order', 'fence', ...leaves, note('it is proven stopped first, to be installed anew')],
          },
          ...live['timer.fired'],
        ],
        'maintenance.ended': [
          {
            guard: 'unproven',
            target: 'running',
            actions: [{ type: 'flag', params: { maintenance: false } }, note()],
          },
          {
            guard: 'givenBack',
            target: 'spare',
            actions: [
              { type: 'flag', params: { maintenance: false } },
              'rest',
              note('a spare stays off until it is needed'),
            ],
          },
          {
            target: 'restarting',
            actions: [
              { type: 'flag', params: { maintenance: false } },
              'spendPowerCycle',
              'powerOn',
              note('its power is being switched on'),
            ],
          },
        ],
      },
    },
    suspect: {
      on: {
        ...widens,
        'host.cleared': clears,
        'fence.requested': { target: 'fencing', actions: ['fence', note()] },
        'fence.proven': remedies,
        'fence.failed': { guard: 'ofThisLife', target: 'blocked', actions: note() },
      },
      exit: withdraw('fence'),
    },
    fencing: {
      on: {
        ...widens,
        'fence.proven': remedies,
        'fence.failed': { guard: 'ofThisLife', target: 'blocked', actions: note() },
      },
      exit: withdraw('fence'),
    },
    blocked: {
      tags: 'needs-operator',
      entry: { type: 'arm', params: { name: 'fence', afterMs: FENCE_RETRY_MS } },
      on: {
        ...widens,
        'host.cleared': clears,
        'fence.requested': { target: 'fencing', actions: ['fence', note()] },
        'fence.proven': remedies,
        'fence.failed': {
          guard: 'ofThisLife',
          actions: [withdraw('fence'), { type: 'arm', params: { name: 'fence', afterMs: FENCE_RETRY_MS } }, note()],
        },
        'timer.fired': { guard: { type: 'timer', params: { name: 'fence' } }, actions: ['fence'] },
        // Another leader may reach a power switch that the last one could not.
        'leader.elected': { actions: ['fence', disarm('fence')] },
      },
      exit: [withdraw('fence'), disarm('fence')],
    },
    fenced: {
      on: {
        ...returns,
        'timer.fired': [
          ordered,
          { guard: 'inMaintenance', target: 'maintenance', actions: note(LEFT_ALONE) },
          {
            guard: { type: 'timer', params: { name: 'power-on' } },
            target: 'restarting',
            actions: ['spendPowerCycle', 'powerOn', note('its power is being switched on')],
          },
          {
            guard: { type: 'timer', params: { name: 'switch-on' } },
            target: 'restarting',
            actions: ['powerOn', note('its power is being switched on')],
          },
        ],
      },
      exit: [disarm('power-on'), disarm('switch-on')],
    },
    restarting: {
      on: {
        ...returns,
        'timer.fired': ordered,
        'power-on.succeeded': { target: 'rejoining', actions: ['forgetPowerOns', note('it is expected to register')] },
        'power-on.failed': [switchedOnLater, ...remedies],
        'power-on.unknown': [switchedOnLater, ...remedies],
      },
      exit: withdraw('power-on'),
    },
    rejoining: {
      entry: 'armRejoin',
      // Its disk does not start: the same as if the time were up, with the same tries and limits.
      on: { ...returns, 'timer.fired': [ordered, ...remedies], 'boot.fallen-through': remedies },
      exit: disarm('rejoin'),
    },
    reinstalling: {
      entry: 'reinstall',
      on: {
        'leases.reported': {
          ...returns['leases.reported'],
          actions: [withdraw('reinstall'), ...returns['leases.reported'].actions],
        },
        // Its outcome is still to be written: the intent stays until it is.
        'host.joined': registersAnyhow,
        'host.surveyed': registersAnyhow,
        // What has installed nothing leaves the host as it found it.
        'reinstall.succeeded': [
          { guard: 'inMaintenance', target: 'maintenance', actions: ['forgetOrder', note(LEFT_ALONE)] },
          { guard: 'neverHeard', target: 'joining', actions: ['forgetOrder', note()] },
          { target: 'rejoining', actions: ['forgetOrder', note('it is expected to register')] },
        ],
        'reinstall.failed': { target: 'quarantined', actions: ['forgetOrder', note('its power is left off')] },
        'reinstall.unknown': { target: 'failed', actions: ['forgetOrder', note('all remedies are used up')] },
      },
    },
    qualifying: {
      tags: 'live',
      entry: 'qualify',
      on: {
        ...live,
        'qualify.succeeded': [
          {
            guard: { type: 'is', params: { maintenance: true, empty: true } },
            target: 'maintenance',
            actions: ['passTest', note('kept free for maintenance')],
          },
          {
            guard: { type: 'is', params: { maintenance: true, empty: false } },
            target: 'draining',
            actions: ['passTest', note('to be emptied for maintenance')],
          },
          { target: 'running', actions: ['passTest', note()] },
        ],
        'qualify.failed': unfit,
        'qualify.unknown': unfit,
        'timer.fired': [
          { guard: { type: 'timer', params: { name: 'qualify' } }, actions: 'qualify' },
          ...live['timer.fired'],
        ],
      },
      exit: [withdraw('qualify'), disarm('qualify')],
    },
    // Its last life is proven stopped, so nothing of it is waited for, watched or fenced.
    spare: {
      on: {
        ...returns,
        'spare.called': {
          target: 'restarting',
          actions: ['call', 'spendPowerCycle', 'powerOn', note('its power is being switched on')],
        },
        'maintenance.started': {
          target: 'maintenance',
          actions: [{ type: 'flag', params: { maintenance: true } }, note(LEFT_ALONE)],
        },
        'timer.fired': ordered,
      },
    },
    quarantined: { tags: 'needs-operator', on: { ...returns, 'timer.fired': ordered } },
    failed: { tags: 'needs-operator', on: { ...returns, 'timer.fired': ordered } },
  },
});
