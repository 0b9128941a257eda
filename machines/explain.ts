/** Why things are as they are: the causes of the present state, back to the evidence, as a person on call reads them. */
import { drainLines } from './drain.ts';
import type { Entry, Stored } from './entries.ts';
import { type Fleet, type GuestEntity, JOB_STATES } from './fleet.ts';
import { place } from './placement.ts';
import { isUnderWay } from './reinstall.ts';
import { duration, list, nameOf, proofSentence, sentence } from './sentences.ts';
import { spareFor } from './spares.ts';
import { get } from './table.ts';

/** A chain is never followed further than this. */
const MOST_STEPS = 50;

/** What the evidence is called where a chain ends. */
const OUTSIDE: Readonly<Record<string, string>> = {
  observation: 'that was observed',
  operator: 'a person ordered it',
};

/**
 * The present state first, then cause after cause, the oldest last. `subject`: `host/NAME`, `guest/NAME` or `cluster`.
 * `entries`: as much of the log as is at hand; a chain that leads out of it says so.
 */
export function explain(subject: string, entries: readonly Stored[], fleet: Fleet): string[] {
  const present = presentState(subject, fleet);
  if (present === null) return [`there is no ${subject}`];
  const chain = causes(present.cause, entries);
  const nearest = chain.links[0];
  // The state's own reason is the nearest cause, often with what follows from it: said once.
  const lines = [nearest && sentence(nearest.entry) === present.why ? present.is : `${present.is}: ${present.why}`];
  const first = chain.links.at(-1);
  for (const { entry } of chain.links) {
    lines.push(`${stamp(entry, first?.entry)}  ${sentence(entry)}`);
  }
  if (chain.end !== null) lines.push(chain.end);
  lines.push(...waiting(subject, fleet));
  if (subject.startsWith('host/')) lines.push(...drainLines(fleet, nameOf(subject)));
  return lines;
}

interface Present {
  readonly is: string;
  readonly why: string;
  readonly cause: string;
}

function presentState(subject: string, fleet: Fleet): Present | null {
  const name = nameOf(subject);
  if (subject.startsWith('guest/')) {
    const guest = get(fleet.guests, name);
    return guest ? { ...guest.context, is: `${name} is ${guest.state}${whereabouts(guest)}` } : null;
  }
  if (subject.startsWith('host/')) {
    const host = get(fleet.hosts, name);
    if (!host) return null;
    // While it is installed, its job knows more than it does.
    const own = get(fleet.jobs, name);
    const job = host.state === 'reinstalling' ? own : undefined;
    if (own?.state === 'offered') return { ...own.context, is: `${name} is ${host.state}, and may join` };
    return isUnderWay(job)
      ? { ...job!.context, is: `${name} is reinstalling, ${JOB_STATES[job!.state]}` }
      : { ...host.context, is: `${name} is ${host.state}` };
  }
  if (subject !== 'cluster') return null;
  const { frozen, brake, headroom, leader, epoch } = fleet;
  const why = [headroom?.why ?? 'headroom not yet known'];
  if (brake) why.unshift(`storm brake on for ${list(brake.silent)}`);
  if (frozen) why.unshift(`frozen by ${frozen.by}: ${frozen.reason}`);
  return {
    is: `${leader ?? 'nobody'} leads, epoch ${epoch}`,
    why: why.join('; '),
    cause: frozen?.entry ?? brake?.entry ?? '',
  };
}

function whereabouts({ context: { grant, release, migratingTo } }: GuestEntity): string {
  if (grant === null) return '';
  if (release !== null) return `, last on ${grant.host}`;
  return migratingTo ? ` from ${grant.host} to ${migratingTo.host}` : ` on ${grant.host}`;
}

/** Entries from the nearest cause to the farthest. A timer leads on to the entry that armed it. */
function causes(from: string, entries: readonly Stored[]): { links: Stored[]; end: string | null } {
  const byId = new Map(entries.map((stored) => [stored.entry.id, stored]));
  const bySeq = new Map(entries.map((stored) => [stored.seq, stored]));
  const links: Stored[] = [];
  const seen = new Set<string>();
  let id = from;
  while (id !== '' && !seen.has(id) && links.length < MOST_STEPS) {
    seen.add(id);
    const stored = byId.get(id);
    if (!stored) return { links, end: OUTSIDE[id] ?? `caused by entry ${id}, which is not at hand` };
    links.push(stored);
    const { entry } = stored;
    const armed = entry.type === 'timer.fired' ? bySeq.get(entry.data.armedSeq) : undefined;
    id = armed ? armed.entry.id : (installedBy(stored, entries) ?? entry.cause);
  }
  return { links, end: null };
}

/** A life that begins is observed and no more. The first one after an enrolment is there because its host was installed. */
function installedBy({ seq, entry }: Stored, entries: readonly Stored[]): string | undefined {
  if (entry.type !== 'host.joined') return undefined;
  const before = entries.findLast(
    (stored) =>
      stored.seq < seq &&
      stored.entry.subject === entry.subject &&
      (stored.entry.type === 'host.enrolled' || stored.entry.type === 'host.joined'),
  );
  return before?.entry.type === 'host.enrolled' ? before.entry.id : undefined;
}

/** `14:02:07.120 +2.4 s`: when, and how long after the first link of the chain. */
function stamp(entry: Entry, first: Entry | undefined): string {
  const clock = entry.time.slice(11, 23).replace('Z', '');
  const afterMs = first ? Date.parse(entry.time) - Date.parse(first.time) : 0;
  return `${clock}  +${duration(Math.max(0, afterMs))}`;
}

/** What the subject still waits for. */
function waiting(subject: string, fleet: Fleet): string[] {
  const job = subject.startsWith('host/') ? get(fleet.jobs, nameOf(subject)) : undefined;
  const ordered = job?.state === 'announced' || job?.state === 'waiting' ? [`pending: ${job.context.why}`] : [];
  const intents = Object.values(fleet.intents)
    .filter((pending) => pending.subject === subject)
    .map((pending) => `pending: ${pending.intent.type}, asked for by entry ${pending.cause}`);
  const spare = subject.startsWith('guest/') ? spareFor(fleet, nameOf(subject)) : null;
  return [...ordered, ...intents, ...(spare ? [spare] : [])];
}

/** Why the guest is not on `host`: from its last placement, and by what would be decided now. `subject`: `guest/NAME`. */
export function explainNot(subject: string, host: string, entries: readonly Stored[], fleet: Fleet): string[] {
  const name = nameOf(subject);
  const guest = get(fleet.guests, name);
  if (!guest || !subject.startsWith('guest/')) return [`there is no ${subject}`];
  if (!get(fleet.hosts, host)) return [`there is no host ${host}`];
  const { grant, release } = guest.context;
  if (grant?.host === host && release === null) return [`${name} is on ${host}: ${guest.context.why}`];
  const lines: string[] = [];
  const last = entries.findLast(
    ({ entry }) => entry.subject === subject && (entry.type === 'guest.granted' || entry.type === 'guest.unplaced'),
  )?.entry;
  if (last?.type === 'guest.granted' || last?.type === 'guest.unplaced') {
    const refused = last.data.refused.find((r) => r.host === host);
    if (refused) lines.push(`when ${name} was last placed (${last.time}), ${host} was excluded: ${refused.reason}`);
    else if (last.type === 'guest.granted' && last.data.host === host)
      lines.push(`${name} was last placed on ${host} (${last.time}): ${last.data.why}`);
    else if (last.type === 'guest.granted') {
      lines.push(
        `when ${name} was last placed (${last.time}), ${host} was possible, but ${last.data.host} was chosen: ${last.data.why}`,
      );
    }
  }
  const away: Fleet = { ...fleet, guests: { ...fleet.guests, [name]: released(guest) } };
  const now = place(away, [
    { type: 'place', guest: name, purpose: 'relocation', avoid: guest.context.avoid, prefer: null },
  ])[0];
  const refusedNow = now?.refused.find((r) => r.host === host);
  if (refusedNow) lines.push(`now ${host} is excluded: ${refusedNow.reason}`);
  else if (now?.host === host)
    lines.push(`now ${host} would be chosen (${now.why}), but a guest that runs is not moved without need`);
  else
    lines.push(
      `now ${host} would be possible, but ${now?.host ?? 'no host'} would be chosen: ${now?.why ?? 'unknown'}`,
    );
  const fence = fleet.hosts[host]?.context.fence;
  if (fence) lines.push(`${host} is proven stopped: ${proofSentence(fence.proof)}`);
  return lines;
}

/** The guest as if it ran nowhere, so that it does not stand in its own way. */
function released(guest: GuestEntity): GuestEntity {
  return { ...guest, context: { ...guest.context, grant: null, release: null, migratingTo: null } };
}
