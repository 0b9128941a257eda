/** Whom an entry concerns. Machines do not talk to each other: this is their only coupling. */
import { pendingId } from './draft.ts';
import type { Entry, EntryType } from './entries.ts';
import type { Fleet, GuestEntity } from './fleet.ts';
import { nameOf } from './sentences.ts';
import { get } from './table.ts';

/** Entries about a host that its guests must hear of. */
const HEARD_BY_GUESTS: ReadonlySet<EntryType> = new Set<EntryType>([
  'host.joined',
  'host.surveyed',
  'host.suspected',
  'host.cleared',
  'fence.proven',
]);

/** Entries after which a guest that found no host may find one. `guest.unplaced` is not among them: no echo. */
const MAKES_ROOM: ReadonlySet<EntryType> = new Set<EntryType>([
  'host.joined',
  'host.cleared',
  'host.restored',
  'fence.proven',
  'maintenance.ended',
  'qualify.succeeded',
  'guest.crashed',
  'start.failed',
  'stop.succeeded',
  'migration.succeeded',
  'migration.failed',
]);

const isEndOf = ({ context: { grant, migratingTo } }: GuestEntity, host: string) =>
  grant?.host === host || migratingTo?.host === host;

/** May this host run the guest? True for the holder of an unreleased grant and for both ends of a migration. */
export function mayRunOn({ context }: GuestEntity, host: string): boolean {
  return (context.release === null && context.grant?.host === host) || context.migratingTo?.host === host;
}

/** Hosts that hold a guest or may hold one. */
export function holders({ guests }: Pick<Fleet, 'guests'>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { context } of Object.values(guests)) {
    if (context.grant && context.release === null) found.add(context.grant.host);
    if (context.migratingTo) found.add(context.migratingTo.host);
  }
  return found;
}

/** Names of the guests that a host holds or may hold, sorted. */
export function guestsOn(fleet: Pick<Fleet, 'guests'>, host: string): string[] {
  return Object.keys(fleet.guests)
    .filter((name) => mayRunOn(fleet.guests[name]!, host))
    .sort();
}

/** Subjects in the order in which they are stepped: the one that the entry names first. */
export function subjectsOf(
  fleet: Pick<Fleet, 'spec' | 'hosts' | 'guests' | 'timers' | 'intents'>,
  entry: Entry,
): string[] {
  const { type, subject } = entry;
  if (type === 'leader.elected') return sorted(Object.keys(fleet.hosts), 'host');
  if (type === 'leases.reported') {
    return sorted(
      Object.keys(entry.data.lives).filter((host) => get(fleet.hosts, host)),
      'host',
    );
  }
  if (type === 'cluster.configured') {
    return [...sorted(Object.keys(fleet.hosts), 'host'), ...sorted(Object.keys(fleet.guests), 'guest')];
  }
  if (type === 'timer.fired') {
    const armed = get(fleet.timers, entry.data.timer);
    return armed ? [armed.subject] : [];
  }
  const subjects = [subject];
  const host = subject.startsWith('host/') ? nameOf(subject) : null;
  const told = host !== null && HEARD_BY_GUESTS.has(type);
  // A start for want of storage took no room. Heard by all who wait it would have them fail in turn, without end.
  const room = MAKES_ROOM.has(type) && !(type === 'start.failed' && entry.data.lacks !== undefined);
  if (told || room) {
    const guests = Object.keys(fleet.guests).filter((name) => {
      const guest = fleet.guests[name]!;
      return (told && isEndOf(guest, host)) || (room && guest.state === 'blocked');
    });
    for (const guest of sorted(guests, 'guest')) if (guest !== subject) subjects.push(guest);
  }
  if (type === 'start.succeeded') subjects.push(...starvedWith(fleet, nameOf(subject)));
  if (host === null) subjects.push(...draining(fleet, subject));
  else if (type === 'maintenance.ended' || (type === 'maintenance.started' && !entry.data.drain))
    subjects.push(...placedToLeave(fleet, host));
  return subjects;
}

/** Guests that wait for a storage of this one, if it waited for it itself: it has started, so the storage is back. */
function starvedWith({ spec, guests }: Pick<Fleet, 'spec' | 'guests'>, fed: string): string[] {
  if (!get(guests, fed)?.context.starved) return [];
  const storage = (name: string) => (spec ? (get(spec.guests, name)?.storage ?? []) : []);
  const back = storage(fed);
  const waiting = Object.keys(guests).filter((name) => {
    const { state, context } = guests[name]!;
    if (name === fed || state !== 'blocked' || context.starved === 0) return false;
    return back.length === 0 || storage(name).some((one) => back.includes(one));
  });
  return sorted(waiting, 'guest');
}

/** Guests for which a place is sought only because this host was to be emptied. */
function placedToLeave(fleet: Pick<Fleet, 'hosts' | 'guests' | 'intents'>, host: string): string[] {
  if (!get(fleet.hosts, host)?.context.drain) return [];
  const sought = guestsOn(fleet, host).filter(
    (name) => fleet.guests[name]!.state === 'running' && pendingId(fleet, `guest/${name}`, 'place') !== undefined,
  );
  return sorted(sought, 'guest');
}

/** A host being emptied learns of everything about its guests: the last to leave ends the draining. */
function draining(fleet: Pick<Fleet, 'hosts' | 'guests'>, subject: string): string[] {
  const guest = get(fleet.guests, nameOf(subject))?.context;
  const ends = [guest?.grant?.host, guest?.migratingTo?.host].filter((host) => host !== undefined);
  return sorted(
    ends.filter((host) => get(fleet.hosts, host)?.state === 'draining'),
    'host',
  );
}

const sorted = (names: string[], kind: 'host' | 'guest') => names.sort().map((name) => `${kind}/${name}`);
