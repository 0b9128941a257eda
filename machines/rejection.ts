/**
 * Why an entry changes nothing. It stays in the log, visible and without force: a leader of the past, a decision made
 * on a state that is no more, an outcome that nobody waits for.
 */
import { pendingId } from './draft.ts';
import { compareTokens, type Entry, type EntryOf, type EntryType } from './entries.ts';
import { wrongFallThrough } from './fall-through.ts';
import { type Fleet, latestLife } from './fleet.ts';
import { notJoinable } from './join.ts';
import { wrongStep } from './reinstall-steps.ts';
import { nameOf } from './sentences.ts';
import { get } from './table.ts';

type Noun = 'cluster' | 'host' | 'guest';

/** Which kind of subject an entry type speaks of, by its type or the first word of that. */
const SPEAKS_OF: Readonly<Record<string, readonly Noun[]>> = {
  cluster: ['cluster'],
  leader: ['cluster'],
  leases: ['cluster'],
  brake: ['cluster'],
  headroom: ['cluster'],
  log: ['cluster'],
  image: ['cluster'],
  timer: ['cluster', 'host', 'guest'],
  host: ['host'],
  fence: ['host'],
  maintenance: ['host'],
  drain: ['host'],
  spare: ['host'],
  'power-on': ['host'],
  boot: ['host'],
  repair: ['host'],
  netboot: ['host'],
  qualify: ['host'],
  join: ['host'],
  reinstall: ['host'],
  'reinstall.succeeded': ['host', 'guest'],
  'reinstall.failed': ['host', 'guest'],
  'reinstall.unknown': ['host', 'guest'],
  guest: ['guest'],
  start: ['guest'],
  stop: ['guest'],
  migration: ['guest'],
};

/** A sentence, or null for an entry with force. */
export function rejection(fleet: Fleet, entry: Entry): string | null {
  return wrongReign(fleet, entry) ?? wrongSubject(fleet, entry) ?? wrongMoment(fleet, entry);
}

function wrongReign(fleet: Fleet, { type, epoch, data }: Entry): string | null {
  if (type === 'leader.elected') {
    return epoch > fleet.epoch
      ? null
      : `${data.node} was elected in epoch ${epoch}, not above the present ${fleet.epoch}`;
  }
  if (epoch < fleet.epoch) return `written in epoch ${epoch}, over since epoch ${fleet.epoch} began`;
  // Entries carry the epoch of a leader that has announced itself in the log.
  return epoch > fleet.epoch ? `written in epoch ${epoch}, which nobody was elected in` : null;
}

function wrongSubject(fleet: Fleet, { type, subject }: Entry): string | null {
  const word = type.slice(0, type.indexOf('.'));
  const noun = (subject === 'cluster' ? 'cluster' : subject.slice(0, subject.indexOf('/'))) as Noun;
  if (!(SPEAKS_OF[type] ?? SPEAKS_OF[word])?.includes(noun)) return `${type} cannot speak of ${subject}`;
  if (noun === 'host' && !get(fleet.hosts, nameOf(subject))) return `there is no host ${nameOf(subject)}`;
  if (noun === 'guest' && !get(fleet.guests, nameOf(subject))) return `there is no guest ${nameOf(subject)}`;
  return null;
}

function wrongMoment(fleet: Fleet, entry: Entry): string | null {
  switch (entry.type) {
    case 'timer.fired':
      return get(fleet.timers, entry.data.timer)?.armedSeq === entry.data.armedSeq
        ? null
        : `${entry.data.timer} is not armed by entry ${entry.data.armedSeq}`;
    case 'host.joined':
    case 'host.surveyed':
      return staleLife(fleet, entry);
    case 'image.published': {
      const known = get(fleet.images, entry.data.name);
      return known && known.version >= entry.data.version
        ? `version ${known.version} of ${entry.data.name} was published before`
        : null;
    }
    case 'spare.called': {
      const { state } = get(fleet.hosts, nameOf(entry.subject))!;
      return state === 'spare' ? null : `${nameOf(entry.subject)} is ${state}, not a spare that is off`;
    }
    case 'boot.fallen-through':
      return wrongFallThrough(fleet, entry);
    case 'join.offered':
      return notJoinable(fleet, nameOf(entry.subject));
    case 'host.enrolled':
    case 'reinstall.requested':
    case 'reinstall.vetoed':
    case 'reinstall.armed':
    case 'reinstall.ticketed':
    case 'reinstall.booted':
    case 'reinstall.committed':
    case 'reinstall.sealed':
    case 'reinstall.left':
    case 'reinstall.aborted':
    case 'reinstall.replayed':
      return wrongStep(fleet, entry);
    case 'guest.granted':
      return wrongGrant(fleet, entry);
    case 'guest.adopted':
      return get(fleet.hosts, entry.data.host) ? null : `there is no host ${entry.data.host}`;
    case 'guest.unplaced':
      return pendingId(fleet, entry.subject, 'place') ? null : `no place is sought for ${nameOf(entry.subject)}`;
    default: {
      if (!('intent' in entry.data)) return null;
      const asked = get(fleet.intents, entry.data.intent);
      // An outcome counts for the one intent that it answers, of its own kind and subject.
      return asked?.subject === entry.subject && outcomeOf(asked.intent.type) === word(entry.type)
        ? null
        : `${entry.data.intent} is not pending`;
    }
  }
}

const word = (type: EntryType) => type.slice(0, type.indexOf('.'));
const outcomeOf = (intent: string) => (intent === 'migrate' ? 'migration' : intent);

function staleLife(fleet: Fleet, { subject, data }: EntryOf<'host.joined'> | EntryOf<'host.surveyed'>): string | null {
  const { context } = get(fleet.hosts, nameOf(subject))!;
  const { fence } = context;
  const { counter } = data.incarnation;
  if (fence !== null && counter <= fence.counter) return `life ${counter} of ${nameOf(subject)} is proven stopped`;
  const latest = latestLife(context);
  if (counter < latest) return `life ${counter} of ${nameOf(subject)} is over: it is in life ${latest}`;
  return null;
}

/** The heart of the matter: a grant counts only on top of the release of the last one. */
function wrongGrant(fleet: Fleet, { id, subject, data }: EntryOf<'guest.granted'>): string | null {
  const name = nameOf(subject);
  const { grant, release, desired } = get(fleet.guests, name)!.context;
  if (!pendingId(fleet, subject, 'place')) return `no place is sought for ${name}`;
  if (desired === 'stopped') return `${name} is not wanted running`;
  const host = get(fleet.hosts, data.host);
  if (!host) return `there is no host ${data.host}`;
  if (host.state !== 'running') return `${data.host} is ${host.state}`;
  if (latestLife(host.context) !== data.counter) return `${data.host} is not in life ${data.counter}`;
  if (grant === null) return data.purpose === 'migration' ? `${name} runs nowhere` : null;
  if (compareTokens(id, grant.token) <= 0) return `its token ${id} is not above ${grant.token}`;
  if (data.purpose === 'migration') {
    if (release !== null) return `${name} runs nowhere`;
    return data.host === grant.host ? `${name} runs on ${data.host} already` : null;
  }
  if (release === null) return `${grant.host} may still run ${name} under ${grant.token}`;
  if (data.release.kind !== release.kind || data.release.entry !== release.entry) {
    return `it names ${data.release.kind} of entry ${data.release.entry} as release, the log ${release.kind} of ${release.entry}`;
  }
  return null;
}
