/**
 * Which pending intents may be carried out now, and what each of the others waits for. The machines ask without regard
 * to freeze, brake or survey: the wish stays in the state, and is free to go the moment the reason to hold it is over.
 */
import { costsMajority } from './brake.ts';
import type { Fleet, HostStateName } from './fleet.ts';
import type { IntentType, PendingIntent } from './intents.ts';
import { isUnderWay, jobOf, reinstallHeld, unsafeToNetBoot } from './reinstall.ts';
import { list, nameOf } from './sentences.ts';
import { get } from './table.ts';

export interface Runnable {
  /** In the order in which they should begin: what frees others first, then by priority. */
  readonly ready: PendingIntent[];
  readonly held: { readonly intent: PendingIntent; readonly why: string }[];
}

const ORDER: readonly IntentType[] = [
  'fence',
  'stop',
  'place',
  'start',
  'migrate',
  'repair',
  'qualify',
  'power-on',
  'netboot',
  'reinstall',
];
const NONE: ReadonlySet<string> = new Set();
const LIVE: ReadonlySet<HostStateName> = new Set<HostStateName>(['running', 'qualifying', 'draining', 'maintenance']);

/** `underWay`: ids of intents being carried out already. They are neither ready nor held, but what they cost counts. */
export function runnable(fleet: Fleet, underWay: Pick<ReadonlySet<string>, 'has'> = NONE): Runnable {
  const all = Object.values(fleet.intents);
  const fences = all.flatMap(({ intent }) => (intent.type === 'fence' ? [intent.host] : []));
  // Looked at after every entry: of thousands that are under way none is ranked again.
  const pending = inOrder(
    fleet,
    all.filter(({ id }) => !underWay.has(id)),
  );
  const why = holdsBack(fleet, costsMajority(fleet, fences));
  const ready: PendingIntent[] = [];
  const held: Runnable['held'] = [];
  for (const intent of pending) {
    const reason = why(intent);
    if (reason === null) ready.push(intent);
    else held.push({ intent, why: reason });
  }
  return { ready, held };
}

function inOrder(fleet: Fleet, intents: readonly PendingIntent[]): PendingIntent[] {
  const ranked = intents.map((pending) => {
    const { intent } = pending;
    const priority = 'guest' in intent && fleet.spec ? (get(fleet.spec.guests, intent.guest)?.priority ?? 0) : 0;
    return { pending, rank: ORDER.indexOf(intent.type), priority };
  });
  ranked.sort(
    (a, b) =>
      a.rank - b.rank ||
      b.priority - a.priority ||
      a.pending.seq - b.pending.seq ||
      (a.pending.id < b.pending.id ? -1 : 1),
  );
  return ranked.map(({ pending }) => pending);
}

function holdsBack(fleet: Fleet, tooMany: ReadonlySet<string>): (pending: PendingIntent) => string | null {
  const waitedFor = startsHeld(fleet);
  const survey =
    waitedFor.length === 0 ? null : `nothing starts before ${list(waitedFor)} answered the survey or is proven stopped`;
  const notLive = (host: string) => {
    const state = get(fleet.hosts, host)?.state ?? 'gone';
    return LIVE.has(state as HostStateName) ? null : `${host} is ${state}`;
  };
  return (pending) => {
    const { intent } = pending;
    // A person's own order to fence stands above freeze and brake.
    const ordered = intent.type === 'fence' && isFencedByPerson(fleet, intent.host);
    if (fleet.frozen && !ordered) return `frozen by ${fleet.frozen.by}: ${fleet.frozen.reason}`;
    switch (intent.type) {
      case 'fence':
        if (fleet.brake && !ordered) return `storm brake: ${list(fleet.brake.silent)} fell silent together`;
        return tooMany.has(intent.host) ? `fencing ${intent.host} would cost the voters their majority` : null;
      case 'place':
      case 'migrate':
        return survey;
      case 'start':
        return survey ?? notLive(intent.host);
      case 'stop':
      case 'repair':
      case 'qualify':
        return notLive(intent.host);
      case 'power-on':
        return null;
      case 'netboot':
        return unsafeToNetBoot(fleet, intent.host);
      case 'reinstall': {
        if (pending.subject.startsWith('guest/')) return survey ?? notRebuildable(fleet, nameOf(pending.subject));
        const job = jobOf(fleet, pending);
        if (!job) return reinstallHeld(fleet, intent.host);
        // Ready once more when it is over, for its outcome to be written.
        return isUnderWay(job) ? job.context.why : null;
      }
    }
  };
}

/** Why no new disk may be made for this guest. */
function notRebuildable({ spec, guests }: Fleet, name: string): string | null {
  const { grant, release } = get(guests, name)?.context ?? { grant: null, release: null };
  if (grant !== null && release === null) return `${grant.host} may still run ${name}`;
  return spec && get(spec.guests, name)?.rebuild ? null : `the cluster file does not say what ${name} is rebuilt from`;
}

/** Not for a reinstallation, and not because it failed its test. */
function isFencedByPerson(fleet: Fleet, host: string): boolean {
  const entity = get(fleet.hosts, host);
  return entity?.state === 'fencing' && !entity.context.ordered && entity.context.untested === null;
}

/**
 * Hosts that must answer this epoch's survey, or be proven stopped, before anything may start (docs/safety.md, "New
 * reign"). Each of them might run a guest that the log, if it lost its end, places elsewhere; and one that answered
 * refuses whatever older leaders still have under way.
 *
 * A host that never registered is waited for only while its time to settle runs: no grant in this log ever went there,
 * and it starts nothing before it registers. `target`, if given, must have answered itself: proven stopped is no place
 * to start anything.
 */
export function startsHeld(fleet: Fleet, target?: string): string[] {
  return Object.keys(fleet.hosts)
    .filter((name) => {
      const { state, context } = fleet.hosts[name]!;
      const answered = fleet.epoch > 0 && context.surveyedEpoch === fleet.epoch;
      if (name === target) return !answered;
      if (state === 'joining') return Object.hasOwn(fleet.timers, `host/${name}/settle`);
      return !answered && context.fence === null;
    })
    .sort();
}
