/** What the guest machine (guest.ts) tests and does, by name. Who may run a guest is decided in grants.ts. */
import { assign, emit, setup } from 'xstate';
import type { GuestContext } from './fleet.ts';
import {
  type Args,
  adopted,
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
/** So many hosts are tried in a row for a guest whose storage cannot be reached; then it waits before the next round. */
export const STORAGE_TRIES = 3;
/** First wait of a guest for its storage, doubled with each round in vain, and the longest. */
export const STORAGE_RETRY_MS = 5_000;
export const STORAGE_LONGEST_MS = 120_000;
/** While blocked for any other reason, a stop is repeated, or a place sought, this often. Whatever makes room asks at once. */
export const BLOCKED_RETRY_MS = 60_000;
/** After so many fruitless stops a person is asked: a host is not fenced for the sake of one guest. */
export const STOP_TRIES = 5;

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
    rebuilt: null,
    starved: 0,
    why: 'never started',
    cause: '',
  };
}

type Change = Partial<GuestContext>;
export type Next = GuestRung | 'elsewhere' | 'stopped' | 'half-installed' | 'other-host' | 'await-storage';

/**
 * What follows when this event releases the grant; null when it does not. A guest whose host was lost, began a new
 * life, or ended it for want of a lease, or that was lost on its way with its source, is not to blame: it goes elsewhere at once and spends none of its budget.
 */
function next({ context, event }: Args): Next | null {
  if (releaseBy({ context, event }) === null) return null;
  if (context.desired === 'stopped') return 'stopped';
  // Its installation had no good end, whoever is to blame: what is on that disk, nobody knows.
  if (context.rebuilt?.begun) return 'half-installed';
  // Its source was lost while it moved, and it had not arrived.
  if (context.observed === 'gone') return 'elsewhere';
  switch (event.type) {
    case 'fence.proven':
    case 'host.joined':
    case 'migration.succeeded':
      return 'elsewhere';
    // A host that was cut off ended it, and may answer the survey before it has told.
    case 'host.surveyed':
      return event.data.incarnation.counter > (context.grant?.counter ?? 0) || event.quits
        ? 'elsewhere'
        : rungFor({ context, event });
    case 'guest.crashed':
      return event.data.cause === 'quit' ? 'elsewhere' : rungFor({ context, event });
    case 'start.failed':
      // A store that is gone is gone for all hosts or comes back by itself: no rung is spent on it.
      if (event.data.lacks === undefined) return rungFor({ context, event });
      return (context.starved + 1) % STORAGE_TRIES === 0 ? 'await-storage' : 'other-host';
    default:
      return rungFor({ context, event });
  }
}

const rungFor = ({ context, event }: Args) =>
  nextRung(
    context.tries,
    event.ladder,
    event.type === 'start.failed' ? 'not-started' : 'crashed',
    event.atMs,
    context.rebuilt === null,
  );

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

/** Its disk is new and empty: the next start is from the network. */
const isToInstall = ({ rebuilt }: GuestContext) => rebuilt?.installMs !== undefined && !rebuilt.used;

/** Anywhere it may run; where it ran last if nothing speaks against it. */
const placeAnywhere = (context: GuestContext) =>
  place(context, context.grant ? 'relocation' : 'first-start', context.grant?.host ?? null);

const placeHere = (context: GuestContext) =>
  context.grant ? place({ ...context, avoid: [] }, 'in-place', context.grant.host) : placeAnywhere(context);

/** Hosts that it did not reach when it was last to leave. */
const missedBy = (event: GuestEvent): readonly string[] =>
  event.type === 'guest.migration-requested' ? (event.data.avoid ?? []) : [];

const stop = ({ id, grant }: GuestContext, graceful: boolean): Output =>
  grant === null
    ? { type: 'withdraw', intent: 'stop' }
    : { type: 'intent', intent: { type: 'stop', guest: id, ...grant, graceful } };

export const guest = setup({
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
    roomier: ({ context }) => !isHeld(context) && context.starved === 0,
    starved: ({ context }) => context.starved > 0,
    wantedFree: (args) => ordered(args) === 'running' && !isHeld(args.context),
    ofHolder,
    ofHost: ({ context, event }) =>
      isHeld(context) &&
      nameOf(event.subject) === context.grant?.host &&
      'counter' in event.data &&
      event.data.counter === context.grant.counter,
    crashedNotGone: (args) => args.event.type === 'guest.crashed' && !args.event.data.gone && ofHolder(args),
    found: (args) => rollCall(args)?.found !== undefined,
    foundInNewLife: (args) => {
      const seen = rollCall(args);
      return seen?.found !== undefined && isHeld(args.context) && seen.counter > (args.context.grant?.counter ?? 0);
    },
    foundAgain,
    foundInstalling: (args) => foundAgain(args) && isToInstall(args.context),
    toInstall: (args) => ofHolder(args) && isToInstall(args.context),
    /** It ended itself, as an installer does at its end. A crash, a destroy and the end of a lease are told as what they are. */
    installed: (args) =>
      isToInstall(args.context) &&
      args.event.type === 'guest.crashed' &&
      args.event.data.cause === 'shut-down' &&
      releaseBy(args) !== null,
    wantedAnew: (args) => ordered(args) === 'running' && args.context.rebuilt?.begun === true,
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
      const fresh = args.event.type === 'guest.ordered' ? { tries: newGuest('').tries, avoid: [], starved: 0 } : {};
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
    starve: assign({ starved: ({ context }) => context.starved + 1 }),
    feed: assign({ starved: 0 }),
    rebuild: assign(
      ({ event: { cause, installMs } }): Change => ({
        rebuilt: { token: cause, used: false, ...(installMs === null ? {} : { installMs }) },
      }),
    ),
    beginInstall: assign(
      ({ context: { rebuilt } }): Change => (rebuilt ? { rebuilt: { ...rebuilt, begun: true } } : {}),
    ),
    useRebuilt: assign(
      ({ context: { rebuilt } }): Change =>
        rebuilt && !rebuilt.used ? { rebuilt: { token: rebuilt.token, used: true } } : {},
    ),
    forget: assign(
      ({ context }): Change => ({ avoid: [], rebuilt: null, tries: { ...context.tries, inPlace: [], relocate: [] } }),
    ),
    spendStop: assign(
      ({ context, event }): Change => ({
        tries: { ...context.tries, stop: [...context.tries.stop, event.atMs].slice(-STOP_TRIES) },
      }),
    ),
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
    dropSource: assign(({ context, event }): Change => {
      const { grant, migratingTo } = context;
      if (!grant || !migratingTo) return {};
      // A guest that died there by itself is to blame like any other; one that lost its host is not.
      const observed = event.type === 'guest.crashed' ? context.observed : 'gone';
      return { grant: { ...grant, ...migratingTo }, migratingTo: null, observed };
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
        { ...context, avoid: [...(context.grant ? [context.grant.host] : []), ...missedBy(event)] },
        'migration',
        event.type === 'guest.migration-requested' ? event.data.to : null,
      ),
    ),
    start: emit(
      ({ context }): Output =>
        context.grant === null
          ? { type: 'withdraw', intent: 'start' }
          : {
              type: 'intent',
              intent: {
                type: 'start',
                guest: context.id,
                ...context.grant,
                ...(context.rebuilt && !context.rebuilt.used ? { rebuilt: context.rebuilt.token } : {}),
                ...(isToInstall(context) ? { installs: true } : {}),
              },
            },
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
    armInstall: emit(({ context: { rebuilt } }) => ({
      type: 'timer',
      name: 'install',
      afterMs: rebuilt?.installMs ?? 0,
    })),
    armRetry: emit(({ context: { starved } }) => {
      const storageMs = Math.min(backoff(Math.ceil(starved / STORAGE_TRIES), STORAGE_RETRY_MS), STORAGE_LONGEST_MS);
      return { type: 'timer', name: 'retry', afterMs: starved > 0 ? storageMs : BLOCKED_RETRY_MS };
    }),
    armStop: emit(({ context }) => ({
      type: 'timer',
      name: 'stop',
      afterMs: backoff(context.tries.stop.length, STOP_RETRY_MS),
    })),
    /** Old failures are forgotten once it has run for as long as they count. */
    armStable: emit(({ context, event }): Output => {
      const { inPlace, relocate } = context.tries;
      const blemished = inPlace.length + relocate.length + context.avoid.length > 0 || context.rebuilt !== null;
      return blemished
        ? { type: 'timer', name: 'stable', afterMs: event.ladder.inPlace.withinMs }
        : { type: 'disarm', name: 'stable' };
    }),
  },
});
