/**
 * The host: from its first registration over suspicion, fence and power cycle back into service. The machine is a
 * table; what needs computing stands in named functions above it.
 */
import { assign, emit, setup } from 'xstate';
import type { Entry, EntryType } from './entries.ts';
import type { HostContext } from './fleet.ts';
import type { IntentType, Output } from './intents.ts';
import { hasBudget, spend, waitMs } from './ladder.ts';
import { sentence } from './sentences.ts';
import type { HostLadder } from './spec.ts';

/** What a host needs to know besides the entry itself. */
export interface HostFacts {
  /** Entry time, epoch ms, never backwards. */
  readonly atMs: number;
  readonly ladder: HostLadder;
  /** Guests that this host holds or may hold. */
  readonly guests: number;
}
export type HostEvent = Entry & HostFacts;
type HostEventOf<T extends EntryType> = Extract<HostEvent, { type: T }>;

/** A host that could not be proven stopped is tried again this often. */
export const FENCE_RETRY_MS = 10_000;
/** A host of the cluster file that was never heard of holds up the first starts this long, and no longer. */
export const SETTLE_MS = 10_000;

export function newHost(id: string): HostContext {
  return {
    id,
    incarnation: null,
    selfFencing: false,
    watchdog: '',
    surveyedEpoch: 0,
    fence: null,
    degraded: {},
    maintenance: false,
    tries: { repair: [], powerCycle: [] },
    suspectedAtMs: null,
    why: 'named in the cluster file, not heard of yet',
    cause: '',
  };
}

interface Args {
  readonly context: HostContext;
  readonly event: HostEvent;
}
type Change = Partial<HostContext>;

const registration = (event: HostEvent): event is HostEventOf<'host.joined' | 'host.surveyed'> =>
  event.type === 'host.joined' || event.type === 'host.surveyed';

/** A life above all that were known or proven stopped. Only such a life brings a fenced host back. */
function isNewLife({ context, event }: Args): boolean {
  if (!registration(event)) return false;
  const { counter } = event.data.incarnation;
  return counter > (context.incarnation?.counter ?? -1) && counter > (context.fence?.counter ?? -1);
}

const isSameLife = ({ context, event }: Args) =>
  registration(event) && context.fence === null && event.data.incarnation.counter === context.incarnation?.counter;

const isOfThisLife = ({ context, event }: Args) =>
  (event.type === 'host.suspected' || event.type === 'host.cleared' || event.type === 'fence.failed') &&
  context.incarnation !== null &&
  event.data.counter === context.incarnation.counter;

/** A proof covers the life it names and all before; events that prove nothing pass. */
const covers = ({ context, event }: Args) =>
  event.type !== 'fence.proven' || (context.incarnation !== null && event.data.counter >= context.incarnation.counter);

type Remedy = 'power-on' | 'wait' | 'reinstall' | 'quarantine';

/** The next rung for a host that is proven unable to write. */
function nextRemedy({ context, event }: Args): Remedy {
  const rung = event.ladder.powerCycle;
  if (hasBudget(context.tries.powerCycle, rung, event.atMs)) {
    return waitMs(context.tries.powerCycle, rung, event.atMs) === 0 ? 'power-on' : 'wait';
  }
  return event.ladder.reinstall === 'allowed' ? 'reinstall' : 'quarantine';
}

const isTimer = ({ context, event }: Args, params: { name: string }) =>
  event.type === 'timer.fired' && event.data.timer === `host/${context.id}/${params.name}`;

const startsRepair = ({ context, event }: Args) =>
  event.type === 'host.degraded' &&
  event.data.what === 'libvirt' &&
  !Object.hasOwn(context.degraded, 'libvirt') &&
  hasBudget(context.tries.repair, event.ladder.repair, event.atMs);

const repeatsRepair = ({ context, event }: Args) =>
  isTimer({ context, event }, { name: 'repair' }) &&
  Object.hasOwn(context.degraded, 'libvirt') &&
  hasBudget(context.tries.repair, event.ladder.repair, event.atMs);

/** Takes over what an agent says of itself. A new life has no past: its fence and its troubles belonged to the old one. */
function registered({ context, event }: Args): Change {
  if (!registration(event)) return {};
  const { incarnation, selfFencing, watchdog } = event.data;
  const known = { incarnation, selfFencing, watchdog, surveyedEpoch: event.epoch };
  return isNewLife({ context, event }) ? { ...known, fence: null, degraded: {}, suspectedAtMs: null } : known;
}

function proven({ event }: Args): Change {
  if (event.type !== 'fence.proven') return {};
  return { fence: { counter: event.data.counter, proof: event.data.proof, entry: event.id } };
}

function degraded({ context, event }: Args): Change {
  if (event.type !== 'host.degraded') return {};
  return { degraded: { ...context.degraded, [event.data.what]: event.data.reason } };
}

function restored({ context, event }: Args): Change {
  if (event.type !== 'host.restored') return {};
  const { [event.data.what]: _over, ...others } = context.degraded;
  return { degraded: others };
}

const host = setup({
  types: {
    context: {} as HostContext,
    events: {} as HostEvent,
    emitted: {} as Output,
    input: {} as { readonly id: string } | undefined,
    tags: {} as 'live' | 'needs-operator',
  },
  guards: {
    newLife: isNewLife,
    newLifeFor: (args, params: { maintenance: boolean; empty: boolean }) =>
      isNewLife(args) && args.context.maintenance === params.maintenance && (args.event.guests === 0) === params.empty,
    sameLife: isSameLife,
    ofThisLife: isOfThisLife,
    clears: (args, params: { maintenance: boolean; empty: boolean }) =>
      isOfThisLife(args) &&
      args.context.maintenance === params.maintenance &&
      (args.event.guests === 0) === params.empty,
    remedy: (args, params: { is: Remedy }) => covers(args) && nextRemedy(args) === params.is,
    timer: isTimer,
    startsRepair,
    repeatsRepair,
    empty: ({ event }) => event.guests === 0,
  },
  actions: {
    note: assign(({ event }, params: { then: string }) => ({
      why: params.then === '' ? sentence(event) : `${sentence(event)}; ${params.then}`,
      cause: event.id,
    })),
    register: assign(registered),
    learnProof: assign(proven),
    degrade: assign(degraded),
    restore: assign(restored),
    suspect: assign({ suspectedAtMs: ({ event }) => event.atMs }),
    clear: assign({ suspectedAtMs: null }),
    flag: assign((_, params: { maintenance: boolean }) => params),
    spendRepair: assign(({ context, event }) => ({
      tries: { ...context.tries, repair: spend(context.tries.repair, event.ladder.repair, event.atMs) },
    })),
    spendPowerCycle: assign(({ context, event }) => ({
      tries: { ...context.tries, powerCycle: spend(context.tries.powerCycle, event.ladder.powerCycle, event.atMs) },
    })),
    fence: emit(({ context }) => ({
      type: 'intent',
      intent: { type: 'fence', host: context.id, counter: context.incarnation?.counter ?? 0 },
    })),
    powerOn: emit(({ context }) => ({ type: 'intent', intent: { type: 'power-on', host: context.id } })),
    repair: emit(({ context }) => ({ type: 'intent', intent: { type: 'repair', host: context.id, what: 'libvirt' } })),
    reinstall: emit(({ context }) => ({ type: 'intent', intent: { type: 'reinstall', host: context.id } })),
    withdraw: emit((_, params: { intent: IntentType }) => ({ type: 'withdraw', intent: params.intent })),
    disarm: emit((_, params: { name: string }) => ({ type: 'disarm', name: params.name })),
    arm: emit((_, params: { name: string; afterMs: number }) => ({ type: 'timer', ...params })),
    armPowerOn: emit(({ context, event }) => ({
      type: 'timer',
      name: 'power-on',
      afterMs: waitMs(context.tries.powerCycle, event.ladder.powerCycle, event.atMs),
    })),
    armRepair: emit(({ context, event }) => ({
      type: 'timer',
      name: 'repair',
      afterMs: waitMs(context.tries.repair, event.ladder.repair, event.atMs),
    })),
    armRejoin: emit(({ event }) => ({ type: 'timer', name: 'rejoin', afterMs: event.ladder.rejoinWithinMs })),
  },
});

const note = (then = '') => ({ type: 'note', params: { then } }) as const;
const withdraw = (intent: IntentType) => ({ type: 'withdraw', params: { intent } }) as const;
const disarm = (name: string) => ({ type: 'disarm', params: { name } }) as const;

const registers = [
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
  { guard: 'sameLife', actions: ['register'] },
] as const;

const clears = [
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

/** What to do with a host that is proven stopped, or whose last remedy did not help. */
const remedies = [
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
    actions: ['learnProof', note('power cycles used up, to be installed anew')],
  },
  {
    guard: { type: 'remedy', params: { is: 'quarantine' } },
    target: 'quarantined',
    actions: ['learnProof', note('power cycles used up, a person decides')],
  },
] as const;

const leaves = [withdraw('repair'), disarm('repair')] as const;

/** Every state in which the host may hold guests and renew its lease. */
const live = {
  'host.suspected': {
    guard: 'ofThisLife',
    target: 'suspect',
    // The fence begins at once. What may not be fenced now (brake, freeze) is held back where intents are carried out.
    actions: ['suspect', 'fence', ...leaves, note('it is being proven stopped')],
  },
  'fence.requested': { target: 'fencing', actions: ['fence', ...leaves, note()] },
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

export const hostMachine = host.createMachine({
  id: 'host',
  context: ({ input }) => newHost(input?.id ?? ''),
  initial: 'joining',
  on: {
    'host.joined': registers,
    'host.surveyed': registers,
    'host.restored': { actions: ['restore', withdraw('repair'), disarm('repair')] },
    'maintenance.started': { actions: [{ type: 'flag', params: { maintenance: true } }] },
    'maintenance.ended': { actions: [{ type: 'flag', params: { maintenance: false } }] },
  },
  states: {
    joining: {
      on: { 'cluster.configured': { actions: [{ type: 'arm', params: { name: 'settle', afterMs: SETTLE_MS } }, note()] } },
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
      },
    },
    maintenance: {
      tags: 'live',
      on: {
        ...live,
        'maintenance.ended': {
          target: 'running',
          actions: [{ type: 'flag', params: { maintenance: false } }, note()],
        },
      },
    },
    suspect: {
      on: {
        'host.cleared': clears,
        'fence.requested': { target: 'fencing', actions: ['fence', note()] },
        'fence.proven': remedies,
        'fence.failed': { guard: 'ofThisLife', target: 'blocked', actions: note() },
      },
      exit: withdraw('fence'),
    },
    fencing: {
      on: {
        'fence.proven': remedies,
        'fence.failed': { guard: 'ofThisLife', target: 'blocked', actions: note() },
      },
      exit: withdraw('fence'),
    },
    blocked: {
      tags: 'needs-operator',
      entry: { type: 'arm', params: { name: 'fence', afterMs: FENCE_RETRY_MS } },
      on: {
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
        'timer.fired': {
          guard: { type: 'timer', params: { name: 'power-on' } },
          target: 'restarting',
          actions: ['spendPowerCycle', 'powerOn', note('its power is being switched on')],
        },
      },
      exit: disarm('power-on'),
    },
    restarting: {
      on: {
        'power-on.succeeded': { target: 'rejoining', actions: note('it is expected to register') },
        'power-on.failed': remedies,
        'power-on.unknown': remedies,
      },
      exit: withdraw('power-on'),
    },
    rejoining: {
      entry: 'armRejoin',
      on: { 'timer.fired': remedies.map((rung) => rung) as never },
      exit: disarm('rejoin'),
    },
    reinstalling: {
      entry: 'reinstall',
      on: {
        'reinstall.succeeded': { target: 'rejoining', actions: note('it is expected to register') },
        'reinstall.failed': { target: 'failed', actions: note('all remedies are used up') },
        'reinstall.unknown': { target: 'failed', actions: note('all remedies are used up') },
      },
      exit: withdraw('reinstall'),
    },
    quarantined: { tags: 'needs-operator' },
    failed: { tags: 'needs-operator' },
  },
});
