/** 4: a grant only with a release proof of the last, in the log as it is now. */
import type { EntryOf, Stored } from '../../../machines/entries.ts';
import type { Invariant, Scene } from './invariant.ts';

type Granted = EntryOf<'guest.granted'>;
interface Holder {
  readonly seq: number;
  /** One host, or both ends of a migration. */
  readonly ends: readonly { readonly host: string; readonly counter: number }[];
  readonly token: string;
}

export function watchGrants({ simulation, violated }: Scene): Invariant {
  /** The last grant of the guest before `seq`, with everywhere it may have gone since. */
  const holderBefore = (subject: string, seq: number): Holder | null => {
    const log = simulation.entries();
    const ends: { host: string; counter: number }[] = [];
    for (let i = seq - 2; i >= 0; i--) {
      const there = log[i];
      if (!there) continue;
      const { entry, seq: at } = there;
      if (entry.subject !== subject || entry.epoch < reignOf(log, at)) continue;
      if (entry.type === 'guest.adopted')
        return { seq: at, ends: [...ends, entry.data], token: entry.data.token ?? entry.id };
      if (entry.type !== 'guest.granted') continue;
      ends.push(entry.data);
      if (entry.data.purpose !== 'migration') return { seq: at, ends, token: entry.id };
    }
    return null;
  };

  const check = (stored: Stored & { entry: Granted }) => {
    const { subject, data, epoch } = stored.entry;
    const log = simulation.entries();
    const said = `${stored.entry.id} grants ${subject} to ${data.host}`;
    // Written by a leader whose reign the log has seen end: without force, whatever it says.
    if (epoch < reignOf(log, stored.seq)) return;
    if (data.purpose === 'migration') return;
    const holder = holderBefore(subject, stored.seq);
    if (data.release.kind === 'none') {
      if (holder) violated(4, `${said} without release, and ${holder.token} was granted before`);
      return;
    }
    const proof = log[Number(data.release.entry.split('.')[1]) - 1];
    if (!holder) return violated(4, `${said} by a release of nothing`);
    if (!proof || proof.entry.id !== data.release.entry || proof.seq >= stored.seq) {
      return violated(4, `${said} by ${data.release.kind} of ${data.release.entry}, which is not in the log`);
    }
    const wrong = objection(proof, data.release.kind, subject, holder);
    if (wrong) violated(4, `${said} by ${data.release.kind} of ${data.release.entry}, which ${wrong}`);
  };

  return {
    event(event) {
      if (event.kind === 'entry' && event.stored.entry.type === 'guest.granted')
        check(event.stored as Stored & { entry: Granted });
    },
  };
}

/** Why this entry is no such proof about that holder; null when it is. */
function objection(
  { seq, entry }: Stored,
  kind: string,
  subject: string,
  { seq: since, ends, token }: Holder,
): string | null {
  if (seq <= since) return `is older than the grant ${token}`;
  switch (entry.type) {
    case 'fence.proven':
      if (entry.data.proof.kind !== kind) return `proves by ${entry.data.proof.kind}`;
      return ends.some(({ host, counter }) => entry.subject === `host/${host}` && entry.data.counter >= counter)
        ? null
        : `is about ${entry.subject} in life ${entry.data.counter}, where ${token} never was`;
    case 'host.joined':
    case 'host.surveyed': {
      if (kind !== 'R1') return `is ${entry.type}`;
      if (!ends.some(({ host }) => entry.subject === `host/${host}`)) return `is about ${entry.subject}`;
      const there = entry.data.instances.some(({ guest }) => `guest/${guest}` === subject);
      return there ? 'lists it' : null;
    }
    case 'guest.crashed':
      if (kind !== 'R1' || entry.subject !== subject || !entry.data.gone) return 'does not say that it is gone';
      return entry.data.token === token ? null : `is about ${entry.data.token}`;
    case 'start.failed':
    case 'stop.succeeded':
    case 'migration.succeeded':
      if (kind !== 'R1' || entry.subject !== subject) return `is ${entry.type} of ${entry.subject}`;
      return entry.data.token === token ? null : `is about ${entry.data.token}`;
    default:
      return `is ${entry.type}`;
  }
}

/** Epoch of the last election before `seq`. */
export function reignOf(log: readonly Stored[], seq: number): number {
  for (let i = seq - 2; i >= 0; i--) {
    const entry = log[i]?.entry;
    if (entry?.type === 'leader.elected') return entry.epoch;
  }
  return 0;
}
