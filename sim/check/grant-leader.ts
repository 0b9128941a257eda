/**
 * What a leader may write next, and what it has asked for, given the log as it holds it. The engine's own fold, reports,
 * survey, outcomes and rules of what may run now; which of several possible entries comes next is free.
 */
import type { Draft } from '../../machines/entries.ts';
import { type Fleet, latestLife } from '../../machines/fleet.ts';
import type { PendingIntent } from '../../machines/intents.ts';
import { runnable } from '../../machines/runnable.ts';
import { leasesReported } from '../../services/controller/election.ts';
import type { Pen } from '../../services/controller/pen.ts';
import { record } from '../../services/controller/record.ts';
import { createReports } from '../../services/controller/reports.ts';
import { isNews, surveyEntries } from '../../services/controller/survey.ts';
import type { Report, Reportable } from '../../services/protocol.ts';
import { tokenOf, tokenText } from './agent.ts';
import type { LogTree } from './log-tree.ts';

export const HOSTS = ['h1', 'h2'] as const;
export const GUEST = 'g';

/** What is on its way, or may arrive any number of times, or never. */
export type Message =
  | {
      readonly kind: 'start' | 'stop';
      readonly epoch: number;
      readonly intent: string;
      readonly host: number;
      readonly life: number;
      readonly token: number;
    }
  | {
      readonly kind: 'outcome';
      readonly epoch: number;
      readonly intent: string;
      readonly verdict: 'succeeded' | 'failed' | 'unknown';
    }
  | {
      readonly kind: 'surveyed';
      /** Of the leader that asked. */
      readonly epoch: number;
      readonly host: number;
      readonly life: number;
      readonly instance: 'none' | 'starting' | 'running' | 'paused';
      readonly token: number;
    }
  | { readonly kind: 'crashed' | 'hung'; readonly host: number; readonly life: number; readonly token: number };

export interface GrantFlaws {
  readonly noSurvey?: boolean;
  readonly noLives?: boolean;
  readonly takesOldAnswers?: boolean;
  readonly failedStopIsStopped?: boolean;
  readonly unknownStartIsFailed?: boolean;
}

/** A log that could follow, and what was written, in words. */
export interface Written {
  readonly told: string;
  readonly log: number;
  /** Kind of fault that this is, where those are counted. */
  readonly costs?: 'suspicions' | 'incidents';
}

/** The entries that `ask` would have the pen write on this state. */
function drafts(fleet: Fleet, ask: (pen: Pen) => Promise<unknown>): readonly Draft[] {
  let decided: readonly Draft[] = [];
  const pen: Pen = {
    write(decide) {
      decided = decide(fleet);
      return Promise.resolve(null);
    },
  };
  ask(pen).catch(() => {});
  return decided;
}

/** Registrations are asked for, never taken from a report. */
const NOBODY = { ask: () => Promise.resolve(null) };

const incarnation = (life: number) => ({ bootId: `boot-${life}`, counter: life });

/** The commands that a leader with this log has sent: all that may run now. */
export function commandsOf(fleet: Fleet, epoch: number, flaws: GrantFlaws): Message[] {
  return ready(fleet, flaws).flatMap(({ id, intent }): Message[] => {
    if (intent.type !== 'start' && intent.type !== 'stop') return [];
    const host = HOSTS.indexOf(intent.host as 'h1');
    return [{ kind: intent.type, epoch, intent: id, host, life: intent.counter, token: tokenOf(intent.token) }];
  });
}

function ready(fleet: Fleet, flaws: GrantFlaws): readonly PendingIntent[] {
  const { ready: may, held } = runnable(fleet);
  return flaws.noSurvey
    ? [...may, ...held.filter(({ why }) => why.startsWith('nothing starts before')).map(({ intent }) => intent)]
    : may;
}

/** What of its own the leader may write: suspicions, grants, outcomes it never heard of. */
export function decisions(tree: LogTree, log: number, epoch: number, flaws: GrantFlaws): Written[] {
  const fleet = tree.fleet(log);
  const written: Written[] = [];
  const write = (told: string, draft: Draft, costs?: 'suspicions') =>
    written.push({ told, log: tree.append(log, draft, epoch), ...(costs && { costs }) });
  for (const [h, host] of HOSTS.entries()) {
    const known = fleet.hosts[host];
    if (known?.state === 'running' && latestLife(known.context) >= 0)
      write(
        `suspects host ${h + 1}`,
        {
          type: 'host.suspected',
          subject: `host/${host}`,
          cause: 'observation',
          data: { counter: latestLife(known.context), silentMs: 1_000, witnesses: [] },
        },
        'suspicions',
      );
    if (known?.state === 'joining' && fleet.timers[`host/${host}/settle`])
      write(`waits for host ${h + 1} no longer`, {
        type: 'timer.fired',
        subject: `host/${host}`,
        cause: 'observation',
        data: { timer: `host/${host}/settle`, armedSeq: fleet.timers[`host/${host}/settle`]!.armedSeq },
      });
  }
  for (const pending of ready(fleet, flaws)) {
    const { id, intent, cause } = pending;
    const subject = `guest/${GUEST}`;
    if (intent.type === 'place') {
      const { release } = fleet.guests[GUEST]!.context;
      const proof = release ? { kind: release.kind, entry: release.entry } : { kind: 'none' as const, entry: cause };
      let found = false;
      for (const [h, host] of HOSTS.entries()) {
        if (intent.purpose === 'in-place' && host !== intent.prefer) continue;
        const counter = fleet.hosts[host]?.context.incarnation?.counter ?? 0;
        const data = { host, counter, purpose: intent.purpose, why: '', refused: [], release: proof };
        const draft: Draft = { type: 'guest.granted', subject, cause, data };
        if (!tree.counts(log, draft, epoch)) continue;
        found = true;
        // Until then the hosts differ in nothing but their names.
        if (fleet.guests[GUEST]!.context.grant === null && epoch === 1 && h === 1) continue;
        write(`grants the guest to host ${h + 1} under token ${epoch}.${fleet.seq + 1}`, draft);
      }
      if (!found && intent.purpose === 'in-place')
        write('finds no place for the guest where it was', {
          type: 'guest.unplaced',
          subject,
          cause,
          data: { why: '', refused: [] },
        });
    }
    if (intent.type === 'start' || intent.type === 'stop')
      for (const told of outcome(
        tree,
        log,
        epoch,
        id,
        flaws.unknownStartIsFailed && intent.type === 'start' ? 'failed' : 'unknown',
      ))
        written.push({ told: `gives up waiting for an answer and ${told.told}`, log: told.log, costs: 'incidents' });
  }
  return written;
}

/** What the second leader writes first, told of these lives by the voters that elected it. */
export function begun(tree: LogTree, log: number, lives: readonly number[], flaws: GrantFlaws): number {
  const elected: Draft = { type: 'leader.elected', subject: 'cluster', cause: 'observation', data: { node: 'c2' } };
  const began = tree.append(log, elected, 2);
  const told = Object.fromEntries(HOSTS.map((host, h) => [host, lives[h]!]));
  const reported = flaws.noLives ? [] : leasesReported(tree.fleet(began), told);
  return reported.reduce((at, draft) => tree.append(at, draft, 2), began);
}

/** The proof that a life of a host is over, where it is asked for. */
export function proven(tree: LogTree, log: number, epoch: number, h: number, life: number): number | null {
  const host = HOSTS[h]!;
  const asked = Object.values(tree.fleet(log).intents).some(
    ({ intent }) => intent.type === 'fence' && intent.host === host && intent.counter === life,
  );
  if (!asked) return null;
  const data = { counter: life, proof: { kind: 'R3' as const, waitedMs: 0, blockedBy: [] } };
  return tree.append(log, { type: 'fence.proven', subject: `host/${host}`, cause: 'observation', data }, epoch);
}

function outcome(
  tree: LogTree,
  log: number,
  epoch: number,
  id: string,
  verdict: 'succeeded' | 'failed' | 'unknown',
): Written[] {
  const fleet = tree.fleet(log);
  const pending = fleet.intents[id];
  if (!pending || (pending.intent.type !== 'start' && pending.intent.type !== 'stop')) return [];
  const { type, host, counter, token } = pending.intent;
  const answer = verdict === 'succeeded' ? { kind: verdict, detail: '' } : { kind: verdict, reason: '' };
  const [draft] = drafts(fleet, (pen) =>
    record(type, id, pending.cause, pending.subject, { host, counter, token }, answer, { pen }),
  );
  return draft
    ? [
        {
          told: `writes ${draft.type} for ${token} on host ${HOSTS.indexOf(host as 'h1') + 1}`,
          log: tree.append(log, draft, epoch),
        },
      ]
    : [];
}

/** What the leader writes when it hears `message`; nothing when that says nothing new. */
export function heard(tree: LogTree, log: number, epoch: number, message: Message, flaws: GrantFlaws): Written[] {
  const fleet = tree.fleet(log);
  const all = (told: string, list: readonly Draft[]): Written[] =>
    list.length === 0 ? [] : [{ told, log: list.reduce((at, draft) => tree.append(at, draft, epoch), log) }];
  const report = (type: Reportable, subject: string, data: unknown, host: string) =>
    drafts(fleet, (pen) =>
      createReports(pen, () => fleet, NOBODY)({ kind: 'report', id: 'r', host, type, subject, data } as Report),
    );

  switch (message.kind) {
    case 'start':
    case 'stop':
      return [];
    case 'outcome': {
      if (message.epoch !== epoch) return [];
      const isStop = fleet.intents[message.intent]?.intent.type === 'stop';
      return outcome(
        tree,
        log,
        epoch,
        message.intent,
        isStop && flaws.failedStopIsStopped ? 'succeeded' : message.verdict,
      );
    }
    case 'surveyed': {
      const host = HOSTS[message.host]!;
      const instances =
        message.instance === 'none'
          ? []
          : [{ guest: GUEST, token: message.token ? tokenText(message.token) : null, state: message.instance }];
      const said = { host, incarnation: incarnation(message.life), selfFencing: true, watchdog: '', instances };
      const answer = { kind: 'survey' as const, epoch, journal: { seq: 0, hash: '' }, ...said };
      if ((message.epoch !== epoch && !flaws.takesOldAnswers) || !isNews(fleet, answer)) return [];
      return all(
        `writes that host ${message.host + 1} in life ${message.life} has ${message.instance === 'none' ? 'no guest' : `the guest ${message.instance}`}`,
        surveyEntries(fleet, answer),
      );
    }
    case 'crashed':
    case 'hung': {
      const host = HOSTS[message.host]!;
      const about = { host, counter: message.life, token: tokenText(message.token) };
      const data =
        message.kind === 'hung'
          ? { ...about, probe: 'qemu', detail: '' }
          : { ...about, cause: 'process-died', gone: true, detail: '' };
      return all(
        `writes that the guest ${message.kind === 'hung' ? 'hangs' : 'is gone'} on host ${message.host + 1}`,
        report(`guest.${message.kind}`, `guest/${GUEST}`, data, host),
      );
    }
  }
}
