/**
 * Who may run a guest, and when is it certain that nobody does: the questions of docs/safety.md, "Grants and release
 * proofs", asked of one guest and one entry.
 */
import type { Entry, EntryType, Instance } from './entries.ts';
import type { Grant, GuestContext, Release } from './fleet.ts';
import { nameOf } from './sentences.ts';
import type { GuestLadder } from './spec.ts';

/** What a guest needs to know besides the entry itself. */
export interface GuestFacts {
  /** Entry time, epoch ms, never backwards. */
  readonly atMs: number;
  readonly ladder: GuestLadder;
  /** Its agent ends it, rather than pause it, when the lease does. */
  readonly quits: boolean;
  /** A new disk of it is installed from the network, within so long; null where it is made from an image. */
  readonly installMs: number | null;
  /** What a newly read cluster file wants of the guest; null where it says nothing new. */
  readonly desired: GuestContext['desired'] | null;
}
export type GuestEvent = Entry & GuestFacts;
type GuestEventOf<T extends EntryType> = Extract<GuestEvent, { type: T }>;

export interface Args {
  readonly context: GuestContext;
  readonly event: GuestEvent;
}
type Change = Partial<GuestContext>;

/** May the holder of the grant still run it? */
export const isHeld = (context: GuestContext): boolean => context.grant !== null && context.release === null;

/** Did the instance under the grant ever start, as far as the log knows? */
const wasStarted = ({ observed }: GuestContext) => observed === 'running' || observed === 'paused';

const epochOf = (token: string) => Number(token.split('.')[0]);

type Registration = GuestEventOf<'host.joined' | 'host.surveyed'>;
const isRegistration = (event: GuestEvent): event is Registration =>
  event.type === 'host.joined' || event.type === 'host.surveyed';

const find = (context: GuestContext, event: Registration) =>
  event.data.instances.find((instance) => instance.guest === context.id);

/** A host's own word about the holder of the grant: its life, and the instance there if any. Null: not its host, or old. */
export function rollCall({ context, event }: Args): { counter: number; found: Instance | undefined } | null {
  const { grant } = context;
  if (!isRegistration(event) || grant === null || grant.host !== nameOf(event.subject)) return null;
  const { counter } = event.data.incarnation;
  return counter < grant.counter ? null : { counter, found: find(context, event) };
}

/** Does the entry speak of the very instance under the grant? */
export function ofHolder({ context, event }: Args): boolean {
  if (!isHeld(context)) return false;
  switch (event.type) {
    case 'guest.crashed':
    case 'guest.hung':
    case 'guest.healthy':
    case 'guest.paused':
    case 'guest.resumed':
    case 'start.succeeded':
    case 'start.failed':
    case 'start.unknown':
    case 'stop.succeeded':
    case 'stop.failed':
    case 'stop.unknown':
      return event.data.token === context.grant?.token && event.data.host === context.grant.host;
    default:
      return false;
  }
}

/**
 * Does a registration or survey prove that `counter` of its host no longer runs the guest?
 *
 * A new life lists everything that runs, and refuses starts meant for the old one. A survey of a later epoch than the
 * grant's was answered after the agent had persisted that epoch, so no earlier start can still be on its way. An answer
 * of the grant's own epoch, or a plain registration of the same life, may have been overtaken by the start: it proves
 * nothing (see `isUnlisted`).
 */
function listingProves(
  context: GuestContext,
  event: Registration,
  holder: Omit<Grant, 'token'>,
  token: string,
): boolean {
  const { counter } = event.data.incarnation;
  if (nameOf(event.subject) !== holder.host || find(context, event)) return false;
  if (counter > holder.counter) return true;
  return (
    event.type === 'host.surveyed' && counter === holder.counter && wasStarted(context) && event.epoch > epochOf(token)
  );
}

/** The proof in this event that the holder of the grant no longer runs the guest; null when it may. */
export function releaseBy(args: Args): Release | null {
  const { context, event } = args;
  const { grant } = context;
  // Two ends share the grant of a migrating guest: each is dealt with on its own (`endOver`).
  if (grant === null || context.release !== null || context.migratingTo !== null) return null;
  const r1: Release = { kind: 'R1', entry: event.id };
  switch (event.type) {
    case 'guest.crashed':
      return event.data.gone && ofHolder(args) ? r1 : null;
    // Failed means that it certainly does not run; what is not certain is `unknown`.
    case 'start.failed':
    case 'stop.succeeded':
      return ofHolder(args) ? r1 : null;
    case 'fence.proven':
      return nameOf(event.subject) === grant.host && event.data.counter >= grant.counter
        ? { kind: event.data.proof.kind, entry: event.id }
        : null;
    case 'host.joined':
    case 'host.surveyed':
      return listingProves(context, event, grant, grant.token) ? r1 : null;
    // It left the source for a target that is proven stopped since.
    case 'migration.succeeded':
      return event.data.token === grant.token && event.data.from === grant.host ? r1 : null;
    default:
      return null;
  }
}

/** Believed to run, yet its host's list lacks it, and the list may be older than the start: doubt, not proof. */
export function isUnlisted(args: Args): boolean {
  const seen = rollCall(args);
  return seen !== null && !seen.found && isHeld(args.context) && wasStarted(args.context);
}

/** Found under its very grant though it was not believed to run. */
export function foundAgain(args: Args): boolean {
  const found = rollCall(args)?.found;
  return found !== undefined && found.state !== 'starting' && found.token === args.context.grant?.token;
}

/** Which end of a migration this event proves stopped; null for neither. */
export function endOver({ context, event }: Args): 'source' | 'target' | null {
  const { grant, migratingTo } = context;
  if (grant === null || migratingTo === null) return null;
  const over = (end: Omit<Grant, 'token'>): boolean => {
    switch (event.type) {
      case 'fence.proven':
        return nameOf(event.subject) === end.host && event.data.counter >= end.counter;
      case 'guest.crashed':
        return event.data.gone && event.data.host === end.host && event.data.token === grant.token;
      case 'host.joined':
      case 'host.surveyed':
        // An empty list proves nothing of the target's present life: the source may still be sending.
        if (end === migratingTo && event.data.incarnation.counter === end.counter) return false;
        return listingProves(context, event, end, grant.token);
      default:
        return false;
    }
  };
  if (over(grant)) return 'source';
  return over(migratingTo) ? 'target' : null;
}

/** The grant after the guest has arrived at the target; null when this event does not say so. */
export function arrived({ context, event }: Args): Grant | null {
  const { grant, migratingTo } = context;
  if (grant === null || context.release !== null) return null;
  const to = migratingTo ?? grant;
  if (event.type === 'migration.succeeded') {
    return event.data.to === to.host && event.data.token === grant.token ? { ...to, token: grant.token } : null;
  }
  // QEMU runs on the target only after the source has handed over; before that it is paused there.
  if (migratingTo === null || !isRegistration(event) || nameOf(event.subject) !== migratingTo.host) return null;
  const { counter } = event.data.incarnation;
  const running = find(context, event)?.state === 'running' && counter >= migratingTo.counter;
  return running ? { host: migratingTo.host, counter, token: grant.token } : null;
}

/** Takes the grant. For a migration the source keeps its grant and the target shares it until the end is known. */
export function granted({ event }: Args): Change {
  if (event.type !== 'guest.granted') return {};
  const { host, counter, purpose } = event.data;
  if (purpose === 'migration') return { migratingTo: { host, counter } };
  return { grant: { host, counter, token: event.id }, release: null, migratingTo: null, observed: 'unknown' };
}

export function adopted({ event }: Args): Change {
  if (event.type !== 'guest.adopted') return {};
  const { host, counter, token } = event.data;
  return { grant: { host, counter, token: token ?? event.id }, release: null, migratingTo: null, observed: 'running' };
}
