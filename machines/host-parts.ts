/** What the host machine (host.ts) tests and does, by name. */
import { assign, emit, setup } from 'xstate';
import type { Entry, EntryType } from './entries.ts';
import { type HostContext, knownLife, latestLife } from './fleet.ts';
import type { IntentType, Output } from './intents.ts';
import { backoff, DAY_MS, hasBudget, spend, waitMs } from './ladder.ts';
import { nameOf, sentence } from './sentences.ts';
import type { HostLadder } from './spec.ts';
import { get } from './table.ts';

/** What a host needs to know besides the entry itself. */
export interface HostFacts {
  /** Entry time, epoch ms, never backwards. */
  readonly atMs: number;
  readonly ladder: HostLadder;
  /** It neither holds a guest nor may hold one. */
  readonly empty: boolean;
  /** It was enrolled by its reinstallation: a life that registers now is the first of what was installed. */
  readonly installed: boolean;
  /** A person has installed it: what is on its disk is theirs. */
  readonly byHand: boolean;
  /** Reinstallations in 24 h before it is given up. */
  readonly reinstalls: number;
  /** The cluster file says that it stays off until it is needed. */
  readonly spare: boolean;
}
export type HostEvent = Entry & HostFacts;
type HostEventOf<T extends EntryType> = Extract<HostEvent, { type: T }>;

export function newHost(id: string): HostContext {
  return {
    id,
    incarnation: null,
    leased: -1,
    selfFencing: false,
    watchdog: '',
    surveyedEpoch: 0,
    fence: null,
    degraded: {},
    maintenance: false,
    tries: { repair: [], powerCycle: [], powerOn: [], reinstall: [] },
    ordered: false,
    untested: null,
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
  latestLife(context) >= 0 &&
  event.data.counter === latestLife(context);

/** A proof covers the life it names and all before; events that prove nothing pass. */
const covers = ({ context, event }: Args) =>
  event.type !== 'fence.proven' || (latestLife(context) >= 0 && event.data.counter >= latestLife(context));

/** Voters have leased a later life than the log knows: what it runs, only itself can tell, or a proof that it stopped. */
const isUnknownLife = ({ context, event }: Args) =>
  event.type === 'leases.reported' && (event.data.lives[context.id] ?? -1) > knownLife(context);

const isInMaintenance = ({ context, event }: Args) => context.maintenance && event.empty;

type Remedy = 'leave' | 'power-on' | 'wait' | 'reinstall' | 'quarantine';

/** A test that failed is repeated once before the host is stopped for it. */
const TESTS_A_BOOT = 2;
export const TEST_AGAIN_MS = 30_000;

/** So often one guest is asked to leave a host that is to be emptied; then a person is needed. */
export const ASKS = 3;
/** Wait before the second try, doubled before the third. */
const ASK_AGAIN_MS = 10_000;

const reinstallRung = ({ reinstalls }: HostFacts) => ({ tries: reinstalls, withinMs: DAY_MS, backoffMs: 0 });

/** Proven stopped and empty, or never heard of: nothing of ours can be lost with its disk. */
const isAtRest = ({ context, event }: Args) => event.empty && (context.fence !== null || latestLife(context) < 0);

/** The time to veto a person's order is over. */
const isOrdered = (args: Args) => isTimer(args, { name: 'announce' });

/** The next rung for a host that is proven unable to write. */
function nextRemedy({ context, event }: Args): Remedy {
  if (context.ordered) return 'reinstall';
  if (isInMaintenance({ context, event })) return 'leave';
  const anew = hasBudget(context.tries.reinstall, reinstallRung(event), event.atMs) ? 'reinstall' : 'quarantine';
  // Installed and found unfit: one more start from nothing but its disk, then the disk again.
  if (event.type === 'fence.proven' && context.untested === TESTS_A_BOOT) return 'power-on';
  if (event.type === 'fence.proven' && (context.untested ?? 0) >= 2 * TESTS_A_BOOT)
    return event.byHand ? 'quarantine' : anew;
  const rung = event.ladder.powerCycle;
  if (hasBudget(context.tries.powerCycle, rung, event.atMs)) {
    return waitMs(context.tries.powerCycle, rung, event.atMs) === 0 ? 'power-on' : 'wait';
  }
  return event.ladder.reinstall === 'allowed' ? anew : 'quarantine';
}

/** The machine was never switched on, so no power cycle is spent. Without any switch there is nothing to try again. */
function isTriedAgain({ context, event }: Args): boolean {
  if (event.type !== 'power-on.failed' && event.type !== 'power-on.unknown') return false;
  if (event.data.method === 'none' || isInMaintenance({ context, event })) return false;
  const rung = event.ladder.powerOn;
  return hasBudget(spend(context.tries.powerOn, rung, event.atMs), rung, event.atMs);
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
  if (!isNewLife({ context, event })) return known;
  const untested = event.installed ? 0 : context.untested;
  return {
    ...known,
    untested,
    ordered: false,
    fence: null,
    degraded: {},
    suspectedAtMs: null,
    tries: { ...context.tries, powerOn: [] },
    ...uncalled(context),
  };
}

/** Its call is answered, or its first try has failed: what waits for it may look elsewhere. */
const uncalled = ({ called }: HostContext): Change => (called === undefined ? {} : { called: undefined });

/** Nothing is proven of that life, not even that it stops itself. */
function leased({ context, event }: Args): Change {
  if (event.type !== 'leases.reported') return {};
  return { leased: event.data.lives[context.id] ?? -1, fence: null, selfFencing: false };
}

function proven({ context, event }: Args): Change {
  if (event.type !== 'fence.proven') return uncalled(context);
  return { ...uncalled(context), fence: { counter: event.data.counter, proof: event.data.proof, entry: event.id } };
}

function degraded({ context, event }: Args): Change {
  if (event.type !== 'host.degraded') return {};
  const known = { degraded: { ...context.degraded, [event.data.what]: event.data.reason } };
  // Without its watchdog it may not stop in time: its lease proves nothing any more.
  return event.data.what === 'watchdog' ? { ...known, selfFencing: false } : known;
}

function restored({ context, event }: Args): Change {
  if (event.type !== 'host.restored') return {};
  const { [event.data.what]: _over, ...others } = context.degraded;
  return event.data.what === 'watchdog' ? { degraded: others, selfFencing: true } : { degraded: others };
}

/** Ordered to be emptied, or not any more. */
function drainOf(context: HostContext, event: HostEvent): Change {
  if (event.type === 'maintenance.started' && event.data.drain)
    return { drain: { entry: event.id, by: event.data.by, tries: {}, keeps: [] } };
  // Not named at all where it never was: an older log folds to what it always did.
  return context.drain === undefined ? {} : { drain: undefined };
}

function asked({ context: { drain }, event }: Args): Change {
  if (!drain || event.type !== 'guest.migration-requested') return {};
  const guest = nameOf(event.subject);
  const { asked, failed } = get(drain.tries, guest) ?? { asked: 0, failed: [] };
  return { drain: { ...drain, tries: { ...drain.tries, [guest]: { asked: asked + 1, failed } } } };
}

function missed({ context: { drain }, event }: Args): Change {
  if (!drain || event.type !== 'migration.failed') return {};
  const guest = nameOf(event.subject);
  const { asked, failed } = get(drain.tries, guest) ?? { asked: 1, failed: [] };
  return {
    drain: { ...drain, tries: { ...drain.tries, [guest]: { asked, failed: [...failed, event.data.to].slice(-ASKS) } } },
  };
}

function kept({ context: { drain }, event }: Args): Change {
  return drain && event.type === 'drain.changed' ? { drain: { ...drain, keeps: event.data.keeps } } : {};
}

export const host = setup({
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
      isNewLife(args) && args.context.maintenance === params.maintenance && args.event.empty === params.empty,
    sameLife: isSameLife,
    ofThisLife: isOfThisLife,
    unknownLife: isUnknownLife,
    inMaintenance: isInMaintenance,
    silentInMaintenance: (args) => isOfThisLife(args) && isInMaintenance(args),
    installedLife: (args) => isNewLife(args) && args.event.installed,
    untestedLife: (args) => isNewLife(args) && (args.event.installed || args.context.untested !== null),
    untestedClears: (args) => isOfThisLife(args) && args.context.untested !== null,
    testsAgain: ({ context }) => ((context.untested ?? 0) + 1) % TESTS_A_BOOT !== 0,
    is: ({ context, event }, params: { maintenance: boolean; empty: boolean }) =>
      context.maintenance === params.maintenance && event.empty === params.empty,
    orderedAtRest: (args) => isOrdered(args) && isAtRest(args),
    orderedAlive: (args) => isOrdered(args) && args.event.empty && args.context.fence === null,
    /** Proven stopped while a person kept it free: the one way to be a spare that is off. A host that died in service never is. */
    givenBack: ({ context, event }) => event.spare && event.empty && context.fence !== null,
    spare: ({ event }) => event.spare,
    neverHeard: ({ context }) => latestLife(context) < 0,
    unproven: ({ context }) => context.fence === null,
    clears: (args, params: { maintenance: boolean; empty: boolean }) =>
      isOfThisLife(args) && args.context.maintenance === params.maintenance && args.event.empty === params.empty,
    remedy: (args, params: { is: Remedy }) => covers(args) && nextRemedy(args) === params.is,
    triedAgain: isTriedAgain,
    timer: isTimer,
    startsRepair,
    repeatsRepair,
    empty: ({ event }) => event.empty,
    drainOrdered: ({ context, event }) =>
      event.type === 'maintenance.started' && (event.data.drain === true || context.drain !== undefined),
    asksToLeave: ({ context, event }) =>
      event.type === 'guest.migration-requested' && event.data.drains === context.id && context.drain !== undefined,
    stayed: ({ context, event }) =>
      event.type === 'migration.failed' && event.data.from === context.id && context.drain !== undefined,
    askedBefore: ({ context, event }) => Object.hasOwn(context.drain?.tries ?? {}, nameOf(event.subject)),
    beingEmptied: ({ context }) => context.drain !== undefined,
  },
  actions: {
    note: assign(({ event }, params: { then: string }) => ({
      why: params.then === '' ? sentence(event) : `${sentence(event)}; ${params.then}`,
      cause: event.id,
    })),
    register: assign(registered),
    learnProof: assign(proven),
    lease: assign(leased),
    degrade: assign(degraded),
    restore: assign(restored),
    suspect: assign({ suspectedAtMs: ({ event }) => event.atMs }),
    clear: assign({ suspectedAtMs: null, ordered: false }),
    order: assign({ ordered: true }),
    forgetOrder: assign({ ordered: false }),
    /** The life that had troubles, or fell silent, is over. */
    rest: assign({ degraded: {}, suspectedAtMs: null }),
    call: assign(({ event }) => (event.type === 'spare.called' ? { called: event.data.guests } : {})),
    countTest: assign({ untested: ({ context }) => (context.untested ?? 0) + 1 }),
    owesTest: assign({ untested: 0 }),
    passTest: assign({ untested: null }),
    spendReinstall: assign(({ context, event }) => ({
      tries: { ...context.tries, reinstall: spend(context.tries.reinstall, reinstallRung(event), event.atMs) },
    })),
    flag: assign(({ context, event }, params: { maintenance: boolean }) => ({ ...params, ...drainOf(context, event) })),
    countAsk: assign(asked),
    missed: assign(missed),
    keep: assign(kept),
    spendRepair: assign(({ context, event }) => ({
      tries: { ...context.tries, repair: spend(context.tries.repair, event.ladder.repair, event.atMs) },
    })),
    spendPowerCycle: assign(({ context, event }) => ({
      tries: { ...context.tries, powerCycle: spend(context.tries.powerCycle, event.ladder.powerCycle, event.atMs) },
    })),
    spendPowerOn: assign(({ context, event }) => ({
      ...uncalled(context),
      tries: { ...context.tries, powerOn: spend(context.tries.powerOn, event.ladder.powerOn, event.atMs) },
    })),
    forgetPowerOns: assign(({ context }) => ({ tries: { ...context.tries, powerOn: [] } })),
    fence: emit(({ context }) => ({
      type: 'intent',
      intent: { type: 'fence', host: context.id, counter: Math.max(0, latestLife(context)) },
    })),
    powerOn: emit(({ context }) => ({ type: 'intent', intent: { type: 'power-on', host: context.id } })),
    repair: emit(({ context }) => ({ type: 'intent', intent: { type: 'repair', host: context.id, what: 'libvirt' } })),
    reinstall: emit(({ context }) => ({ type: 'intent', intent: { type: 'reinstall', host: context.id } })),
    qualify: emit(({ context }) => ({
      type: 'intent',
      intent: { type: 'qualify', host: context.id, counter: Math.max(0, latestLife(context)) },
    })),
    withdraw: emit((_, params: { intent: IntentType }) => ({ type: 'withdraw', intent: params.intent })),
    disarm: emit((_, params: { name: string }) => ({ type: 'disarm', name: params.name })),
    arm: emit((_, params: { name: string; afterMs: number }) => ({ type: 'timer', ...params })),
    armPowerOn: emit(({ context, event }) => ({
      type: 'timer',
      name: 'power-on',
      afterMs: waitMs(context.tries.powerCycle, event.ladder.powerCycle, event.atMs),
    })),
    armSwitchOn: emit(({ context, event }) => ({
      type: 'timer',
      name: 'switch-on',
      afterMs: waitMs(context.tries.powerOn, event.ladder.powerOn, event.atMs),
    })),
    /** Longer with each time that this guest was asked in vain. */
    armDrain: emit(({ context, event }) => ({
      type: 'timer',
      name: 'drain',
      afterMs: backoff(get(context.drain?.tries ?? {}, nameOf(event.subject))?.asked ?? 1, ASK_AGAIN_MS),
    })),
    armRepair: emit(({ context, event }) => ({
      type: 'timer',
      name: 'repair',
      afterMs: waitMs(context.tries.repair, event.ladder.repair, event.atMs),
    })),
    armRejoin: emit(({ event }) => ({ type: 'timer', name: 'rejoin', afterMs: event.ladder.rejoinWithinMs })),
  },
});
