/** Reports of agents become entries, each once, if they still say something about the present. */
import type { Draft, EntryData } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { get } from '../../machines/table.ts';
import type { LeaderAnswer, Report } from '../protocol.ts';
import type { Pen } from './pen.ts';
import type { Survey } from './survey.ts';

/** Remembered report ids; an older repeat is caught by the state itself. */
const REMEMBERED = 1_024;

export function createReports(
  pen: Pen,
  fleet: () => Fleet,
  survey: Pick<Survey, 'ask'>,
): (report: Report) => Promise<LeaderAnswer> {
  const seen = new Map<string, Promise<LeaderAnswer>>();

  const take = async (report: Report): Promise<LeaderAnswer> => {
    // A report may come late, repeated for a later leader than it was first meant for, and would describe a moment before
    // the guests of that life were started. What a new life runs it says when it is asked, obeying nobody older.
    const seq =
      report.type === 'host.joined'
        ? isNewLife(report, fleet())
          ? await survey.ask(report.host)
          : null
        : await pen.write((now) => draftsFor(report, now));
    return seq === null
      ? { kind: 'rejected', code: 'REPORT_STALE', reason: 'says nothing new' }
      : { kind: 'accepted', seq };
  };

  return (report) => {
    const before = seen.get(report.id);
    if (before) return before;
    const answer = take(report);
    seen.set(report.id, answer);
    answer.catch(() => seen.delete(report.id));
    if (seen.size > REMEMBERED) seen.delete(seen.keys().next().value!);
    return answer;
  };
}

function isNewLife({ host, subject, data }: Report, fleet: Fleet): boolean {
  const { incarnation } = data as EntryData<'host.joined'>;
  const known = fleet.hosts[host]?.context;
  return known !== undefined && subject === `host/${host}` && incarnation.counter > (known.incarnation?.counter ?? -1);
}

function draftsFor(report: Report, fleet: Fleet): Draft[] {
  const { host, type, subject } = report;
  const draft = { type, subject, cause: 'observation', data: report.data } as Draft;
  if (type === 'host.restored') {
    const { what } = report.data as EntryData<'host.restored'>;
    if (!Object.hasOwn(fleet.hosts[host]?.context.degraded ?? {}, what)) return [];
  }
  if (type === 'host.degraded') {
    const { what, reason } = report.data as EntryData<'host.degraded'>;
    if (get(fleet.hosts[host]?.context.degraded ?? {}, what) === reason) return [];
  }
  if (type.startsWith('host.')) return subject === `host/${host}` ? [draft] : [];
  // About a guest: only from the host and under the token that the log knows; anything else speaks of the past.
  const { host: of, token } = report.data as { host: string; token: string };
  const context = fleet.guests[subject.slice('guest/'.length)]?.context;
  if (of !== host || context?.grant?.token !== token || context.release !== null) return [];
  return context.grant.host === host || context.migratingTo?.host === host ? [draft] : [];
}
