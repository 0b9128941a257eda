/**
 * The guest: from its grant over crash, loss of its host and migration to its next grant. The machine is a table; what
 * it computes stands in grants.ts (who may run it) and ladder.ts (what to try next).
 *
 * One rule carries everything: `release` is null while the holder of `grant` may run the guest, and nothing asks for a
 * new place before it is set.
 */
import { assign, emit, setup } from 'xstate';
import type { GuestContext } from './fleet.ts';
import {
  adopted,
  type Args,
  arrived,
  endOver,
  foundAgain,
  type GuestEvent,
  granted,
  isHeld,
  isUnlisted,
  ofHolder,
  releaseBy,
  rollCall,
} from './grants.ts';
import type { Intent, IntentType, Output } from './intents.ts';
import { backoff, type GuestRung, nextRung, spend, waitMs } from './ladder.ts';
import { nameOf, sentence } from './sentences.ts';

/** A stop that was not seen to succeed is repeated after this long, doubled each time. */
export const STOP_RETRY_MS = 2_000;
/** After so many fruitless stops a person is asked: a host is not fenced for the sake of one guest. */
export const STOP_TRIES = 5;
/** While blocked, a stop is repeated, or a place sought, this often. Whatever makes room asks at once. */
export const BLOCKED_RETRY_MS = 60_000;
/** A migration whose end is unknown is asked about again after this long. */
export const MIGRATION_RETRY_MS = 5_000;

export function newGuest(id: string): GuestContext {
  return {
    id,
    desired: 'stopped',
    grant: null,
    release: null,
    migratingTo: null,
    observed: 'gone',
    tries: { inPlace: [], relocate: [], stop: [] },
    avoid: [],
    why: 'never started',
    cause: '',
  };
}

type Change = Partial<GuestContext>;
type Next = GuestRung | 'elsewhere' | 'stopped';

/**
 * What follows when this event releases the grant; null when it does not. A guest whose host was lost, or began a new
 * life, is not to blame: it goes elsewhere at once and spends none of its budget.
 */
function next({ context, event }: Args): Next | null {
  if (releaseBy({ context, event }) === null) return null;
  if (context.desired === 'stopped') return 'stopped';
  switch (event.type) {
    case 'fence.proven':
    case 'host.joined':
    case 'migration.succeeded':
      return 'elsewhere';
    case 'host.surveyed':
      return event.data.incarnation.counter > (context.grant?.counter ?? 0) ? 'elsewhere' : rungFor({ context, event });
    default:
      return rungFor({ context, event });
  }
}

const rungFor = ({ context, event }: Args) =>
  nextRung(context.tries, event.ladder, event.type === 'start.failed' ? 'not-started' : 'crashed', event.atMs);

/** The order a person gives, or the cluster file when it is read; null for any other event. */
function ordered({ context, event }: Args): GuestContext['desired'] | null {
  if (event.type === 'guest.ordered') return event.data.desired;
  if (event.type === 'cluster.configured') return event.desired ?? context.desired;
  return null;
}

const place = (
  context: GuestContext,
  purpose: Extract<Intent, { type: 'place' }>['purpose'],
  prefer: string | null,
): Output => ({
  type: 'intent',
  intent: { type: 'place', guest: context.id, purpose, avoid: context.avoid, prefer },
});

/** Anywhere it may run; where it ran last if nothing speaks against it. */
const placeAnywhere = (context: GuestContext) =>
  place(context, context.grant ? 'relocation' : 'first-start', context.grant?.host ?? null);

const placeHere = (context: GuestContext) =>
  context.grant ? place(context, 'in-place', context.grant.host) : placeAnywhere(context);

const stop = ({ id, grant }: GuestContext, graceful: boolean): Output =>
  grant === null
    ? { type: 'withdraw', intent: 'stop' }
    : { type: 'intent', intent: { type: 'stop', guest: id, ...grant, graceful } };

const guest = setup({
  types: {
    context: {} as GuestContext,
    events: {} as GuestEvent,
    emitted: {} as Output,
    input: {} as { readonly id: string } | undefined,
    tags: {} as 'needs-operator',
  },
  guards: {
    next: (args, params: { is: Next }) => next(args) === params.is,
    released: (args) => releaseBy(args) !== null,
    held: ({ context }) => isHeld(context),
    free: ({ context }) => !isHeld(context),
    ofHolder,
    ofHost: ({ context, event }) =>
      isHeld(context) && nameOf(event.subject) === context.grant?.host && 'counter' in event.data &&
      event.data.counter === context.grant.counter,
    crashedNotGone: (args) => args.event.type === 'guest.crashed' && !args.event.data.gone && ofHolder(args),
    found: (args) => rollCall(args)?.found !== undefined,
    foundAgain,
    unlisted: isUnlisted,
    toStart: ({ event }) => event.type === 'guest.granted' && event.data.purpose !== 'migration',
    toMigrate: ({ event }) => event.type === 'guest.granted' && event.data.purpose === 'migration',
    wanted: (args) => ordered(args) === 'running',
    unwanted: (args) => ordered(args) === 'stopped',
    unwantedHeld: (args) => ordered(args) === 'stopped' && isHeld(args.context),
    notDesired: ({ context }) => context.desired === 'stopped',
    timer: ({ context, event }, params: { name: string }) =>
      event.type === 'timer.fired' && event.data.timer === `guest/${context.id}/${params.name}`,
    timerHeld: ({ context, event }, params: { name: string }) =>
      event.type === 'timer.fired' && event.data.timer === `guest/${context.id}/${params.name}` && isHeld(context),
    stopsLeft: (args) => ofHolder(args) && args.context.tries.stop.length + 1 < STOP_TRIES,
    end: (args, params: { is: 'source' | 'target' }) => endOver(args) === params.is,
    bothEnds: ({ context }) => context.migratingTo !== null,
    arrived: (args) => arrived(args) !== null,
    backAtSource: ({ context, event }) =>
      event.type === 'migration.failed' && isHeld(context) && event.data.from === context.grant?.host,
  },
  actions: {
    note: assign(({ event }, params: { then: string }) => ({
      why: params.then === '' ? sentence(event) : `${sentence(event)}; ${params.then}`,
      cause: event.id,
    })),
    order: assign((args): Change => {
      const desired = ordered(args);
      if (desired === null) return {};
      const fresh = args.event.type === 'guest.ordered' ? { tries: newGuest('').tries, avoid: [] } : {};
      return { desired, ...fresh };
    }),
    grant: assign(granted),
    adopt: assign(adopted),
    release: assign(({ context, event }): Change => {
      const release = releaseBy({ context, event });
      return release ? { release, observed: 'gone', tries: { ...context.tries, stop: [] } } : {};
    }),
    /** A failed try, and the host it failed on. */
    spend: assign(({ context, event }, params: { rung: 'inPlace' | 'relocate' }): Change => {
      const tries = spend(context.tries[params.rung], event.ladder[params.rung], event.atMs);
      return { tries: { ...context.tries, [params.rung]: tries } };
    }),
    avoid: assign(({ context }): Change => {
      const host = context.grant?.host;
      return host === undefined || context.avoid.includes(host) ? {} : { avoid: [...context.avoid, host] };
    }),
    forgive: assign({ avoid: [] }),
    forget: assign(({ context }): Change => ({ avoid: [], tries: { ...context.tries, inPlace: [], relocate: [] } })),
    spendStop: assign(({ context, event }): Change => ({
      tries: { ...context.tries, stop: [...context.tries.stop, event.atMs].slice(-STOP_TRIES) },
    })),
    observe: assign((_, params: { as: GuestContext['observed'] }) => ({ observed: params.as })),
    recount: assign((args): Change => {
      const seen = rollCall(args);
      if (!seen?.found || args.context.grant === null) return {};
      const observed = seen.found.state === 'starting' ? 'unknown' : seen.found.state;
      return { grant: { ...args.context.grant, counter: seen.counter }, release: null, observed };
    }),
    arrive: assign((args): Change => {
      const grant = arrived(args);
      return grant ? { grant, release: null, migratingTo: null, observed: 'running' } : {};
    }),
    stay: assign({ migratingTo: null }),
    /** The source is proven stopped: only the target may still run it, so the shared grant is the target's alone. */
    dropSource: assign(({ context }): Change => {
      const { grant, migratingTo } = context;
      return grant && migratingTo ? { grant: { ...grant, ...migratingTo }, migratingTo: null } : {};
    }),
    dropTarget: assign({ migratingTo: null }),
    placeAnywhere: emit(({ context }) => placeAnywhere(context)),
    placeHere: emit(({ context }) => placeHere(context)),
    /** Before `spend`: the wait counts the tries made so far. */
    placeAfterWait: emit(({ context, event }, params: { rung: 'inPlace' | 'relocate' }): Output => {
      const afterMs = waitMs(context.tries[params.rung], event.ladder[params.rung], event.atMs);
      if (afterMs > 0) return { type: 'timer', name: 'retry', afterMs };
      return params.rung === 'inPlace' ? placeHere(context) : placeAnywhere(context);
    }),
    placeToMove: emit(({ context, event }) =>
      place(
        { ...context, avoid: context.grant ? [context.grant.host] : [] },
        'migration',
        event.type === 'guest.migration-requested' ? event.data.to : null,
      ),
    ),
    start: emit(({ context }): Output =>
      context.grant === null
        ? { type: 'withdraw', intent: 'start' }
        : { type: 'intent', intent: { type: 'start', guest: context.id, ...context.grant } },
    ),
    stop: emit(({ context }) => stop(context, false)),
    stopGracefully: emit(({ context }) => stop(context, true)),
    migrate: emit(({ context }): Output => {
      const { id, grant, migratingTo } = context;
      if (grant === null || migratingTo === null) return { type: 'withdraw', intent: 'migrate' };
      const { host: from, token } = grant;
      return { type: 'intent', intent: { type: 'migrate', guest: id, from, to: migratingTo.host, token } };
    }),
    reinstall: emit(({ context }) => ({
      type: 'intent',
      intent: { type: 'reinstall', host: context.grant?.host ?? '' },
    })),
    withdraw: emit((_, params: { intent: IntentType }) => ({ type: 'withdraw', intent: params.intent })),
    arm: emit((_, params: { name: string; afterMs: number }) => ({ type: 'timer', ...params })),
    disarm: emit((_, params: { name: string }) => ({ type: 'disarm', name: params.name })),
    armStop: emit(({ context }) => ({
      type: 'timer',
      name: 'stop',
      afterMs: backoff(context.tries.stop.length, STOP_RETRY_MS),
    })),
    /** Old failures are forgotten once it has run for as long as they count. */
    armStable: emit(({ context, event }): Output => {
      const { inPlace, relocate } = context.tries;
      const blemished = inPlace.length + relocate.length + context.avoid.length > 0;
      return blemished
        ? { type: 'timer', name: 'stable', afterMs: event.ladder.inPlace.withinMs }
        : { type: 'disarm', name: 'stable' };
    }),
  },
});

const note = (then = '') => ({ type: 'note', params: { then } }) as const;
const withdraw = (intent: IntentType) => ({ type: 'withdraw', params: { intent } }) as const;
const disarm = (name: string) => ({ type: 'disarm', params: { name } }) as const;
const timer = (name: string) => ({ type: 'timer', params: { name } }) as const;
const is = (what: Next) => ({ type: 'next', params: { is: what } }) as const;

/** The grant is released by the event: what now? */
const down = [
  { guard: is('stopped'), target: 'stopped', reenter: true, actions: ['release', note()] },
  {
    guard: is('elsewhere'),
    target: 'relocating',
    reenter: true,
    actions: ['release', 'placeAnywhere', note('a host for it is sought')],
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
    actions: ['release', note('restarts used up, to be rebuilt from its image')],
  },
  {
    guard: is('none'),
    target: 'failed',
    reenter: true,
    actions: ['release', note('all its restarts are used up, a person decides')],
  },
] as const;

/** Seen not to be gone after all, under its very grant: nothing is started, whatever had been concluded. */
const backAgain = { guard: 'foundAgain', target: 'running', reenter: true, actions: ['recount', note()] } as const;

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
const listedAtRest = [backAgain, ...down] as const;

const stopNow = (then: string) => ({ target: 'stopping', actions: ['stop', note(then)] }) as const;

/** An order to stop, where there may be something to stop. */
const unwanted = [
  { guard: 'unwantedHeld', target: 'stopping', actions: ['order', 'stopGracefully', note()] },
  { guard: 'unwanted', target: 'stopped', actions: ['order', note()] },
] as const;

/** Being placed and started; the same whether here or elsewhere. */
const starting = {
  'guest.granted': { guard: 'toStart', actions: [withdraw('place'), 'grant', 'start', note()] },
  'start.succeeded': { guard: 'ofHolder', target: 'running', actions: [{ type: 'observe', params: { as: 'running' } }, note()] },
  'start.failed': down,
  // It may run there or may not: it is stopped and seen gone at that very host, and never started elsewhere before.
  'start.unknown': { guard: 'ofHolder', ...stopNow('made certain before another try') },
  'guest.crashed': [...down, { guard: 'crashedNotGone', ...stopNow('what is left of it is stopped first') }],
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
  'guest.ordered': [{ guard: 'unwanted', target: 'stopping', actions: ['order', 'stopGracefully', note()] }, { actions: 'order' }],
  'cluster.configured': { guard: 'unwanted', target: 'stopping', actions: ['order', 'stopGracefully', note()] },
} as const;

const startAgain = {
  guard: 'wanted',
  target: 'relocating',
  actions: ['order', 'placeAnywhere', note('a host for it is sought')],
} as const;

/** Something changed that may make room for a guest that found none. */
const room = { guard: 'free', actions: 'placeAnywhere' } as const;

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
    'guest.adopted': { target: '.running', reenter: true, actions: ['adopt', note()] },
    'guest.duplicated': { target: '.frozen', actions: note('left alone, a person decides') },
  },
  states: {
    stopped: {
      on: {
        'guest.ordered': [startAgain, { actions: 'order' }],
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
        // Where it failed lately is better than nowhere, once nothing else is left.
        'guest.unplaced': { target: 'blocked', actions: ['forgive', note()] },
      },
      exit: startingExit,
    },
    running: {
      entry: 'armStable',
      // Ordered to stop while it was moving, or found running though it should not.
      always: { guard: 'notDesired', target: 'stopping', actions: 'stopGracefully' },
      on: {
        ...up,
        'host.suspected': { guard: 'ofHost', target: 'suspect', actions: note() },
        'timer.fired': { guard: timer('stable'), actions: 'forget' },
        'guest.migration-requested': { actions: ['placeToMove', note('a host for it is sought')] },
        'guest.granted': { guard: 'toMigrate', target: 'migrating', actions: ['grant', 'migrate', note()] },
        'guest.unplaced': { actions: [withdraw('place'), note('it stays where it is')] },
      },
      exit: [withdraw('place'), disarm('stable')],
    },
    suspect: { on: { ...up, 'host.cleared': { guard: 'ofHost', target: 'running', actions: note() } } },
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
        'reinstall.succeeded': { target: 'relocating', actions: ['placeAnywhere', note('a host for it is sought')] },
        'reinstall.failed': { target: 'failed', actions: note('all remedies are used up, a person decides') },
        'reinstall.unknown': { target: 'failed', actions: note('all remedies are used up, a person decides') },
        'host.joined': backAgain,
        'host.surveyed': backAgain,
        'guest.ordered': unwanted,
        'cluster.configured': unwanted,
      },
      exit: withdraw('reinstall'),
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
            actions: [{ type: 'arm', params: { name: 'migrate', afterMs: MIGRATION_RETRY_MS } }, note('both ends are asked again')],
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
      entry: { type: 'arm', params: { name: 'retry', afterMs: BLOCKED_RETRY_MS } },
      on: {
        'guest.granted': { guard: 'toStart', target: 'relocating', actions: ['grant', 'start', note()] },
        'guest.unplaced': {
          actions: [
            withdraw('place'),
            'forgive',
            { type: 'arm', params: { name: 'retry', afterMs: BLOCKED_RETRY_MS } },
            note(),
          ],
        },
        'timer.fired': [
          { guard: { type: 'timerHeld', params: { name: 'retry' } }, actions: 'stop' },
          { guard: timer('retry'), actions: 'placeAnywhere' },
        ],
        'stop.succeeded': [...down, room],
        'stop.failed': {
          guard: 'ofHolder',
          actions: [{ type: 'arm', params: { name: 'retry', afterMs: BLOCKED_RETRY_MS } }, note()],
        },
        'stop.unknown': {
          guard: 'ofHolder',
          actions: [{ type: 'arm', params: { name: 'retry', afterMs: BLOCKED_RETRY_MS } }, note()],
        },
        'guest.crashed': [...down, room],
        'fence.proven': [...down, room],
        'host.joined': [backAgain, ...down, room],
        'host.surveyed': [backAgain, ...down],
        'host.cleared': room,
        'host.restored': room,
        'maintenance.ended': room,
        'start.failed': room,
        'migration.succeeded': room,
        'guest.ordered': [...unwanted, { actions: 'order' }],
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
        'guest.ordered': [startAgain, ...unwanted],
        'cluster.configured': unwanted,
        'host.joined': backAgain,
        'host.surveyed': backAgain,
      },
    },
  },
});
