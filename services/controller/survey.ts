/** Every agent is asked what runs on its host: after an election before anything may start, and whenever a new life comes. */
import { compareTokens, type Draft } from '../../machines/entries.ts';
import { type Fleet, latestLife } from '../../machines/fleet.ts';
import { pause } from '../every.ts';
import type { Bus, Clock } from '../ports.ts';
import { addresses, commandAnswerSchema, type SurveyAnswer } from '../protocol.ts';
import type { Pen } from './pen.ts';

export interface Survey {
  /** Asks one host and writes what is news. The last sequence written, null when nothing was. Rejects when it does not answer. */
  ask(host: string): Promise<number | null>;
  /** Asks every host not yet surveyed in this epoch, again and again, until each has answered or is proven stopped. */
  askAll(signal: AbortSignal): Promise<void>;
}

/**
 * Two hosts answer at two moments, and a guest that moves between them in between is in both answers. So one that makes a
 * guest run twice is asked for again, for this long; until it is taken, nothing is started anywhere.
 */
const CONTESTED_MS = 3_000;

export function createSurvey(
  epoch: number,
  fleet: () => Fleet,
  hashAt: (seq: number) => string | undefined,
  pen: Pen,
  { bus, clock }: { bus: Bus; clock: Clock },
): Survey {
  const times = () => fleet().spec?.times;

  const question = async (host: string): Promise<SurveyAnswer> => {
    const answer = commandAnswerSchema.parse(
      await bus.request(addresses.agent(host), { kind: 'survey', epoch }, times()?.suspectMs ?? 1_000),
    );
    if (answer.kind !== 'survey' || answer.host !== host || answer.epoch !== epoch)
      throw new Error(`${host} does not answer the survey: ${'reason' in answer ? answer.reason : answer.kind}`);
    return answer;
  };

  const ask = async (host: string): Promise<number | null> => {
    const untilMs = clock.now() + CONTESTED_MS;
    for (;;) {
      const answer = await question(host);
      let contested = false;
      const seq = await pen.write((now) => {
        if (!isNews(now, answer)) return [];
        const drafts = [...forkEntries(now, hashAt, answer), ...surveyEntries(now, answer)];
        contested = clock.now() < untilMs && drafts.some(({ type }) => type === 'guest.duplicated');
        return contested ? [] : drafts;
      });
      if (!contested) return seq;
      await pause(clock, times()?.heartbeatMs ?? 250);
    }
  };

  const askOn = async (host: string, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted && owesSurvey(fleet(), host, epoch)) {
      // Silent: suspicion, block and fence take their own course; this question only goes on being asked.
      await ask(host).catch(() => null);
      if (owesSurvey(fleet(), host, epoch)) await pause(clock, times()?.heartbeatMs ?? 250, signal);
    }
  };

  return {
    ask,
    async askAll(signal) {
      await Promise.all(Object.keys(fleet().hosts).map((host) => askOn(host, signal)));
    },
  };
}

function owesSurvey(fleet: Fleet, host: string, epoch: number): boolean {
  const context = fleet.hosts[host]?.context;
  return context !== undefined && context.surveyedEpoch < epoch && context.fence === null;
}

/**
 * The first answer of an epoch, or of a life. A later one could describe a moment before what was granted since; one of a
 * life that is over would have no force (rejection.ts), and be written again with every question.
 */
export function isNews(fleet: Fleet, { host, epoch, incarnation }: SurveyAnswer): boolean {
  const context = fleet.hosts[host]?.context;
  if (!context) return false;
  const registered = Math.max(context.incarnation?.counter ?? -1, context.fence?.counter ?? -1);
  if (incarnation.counter < latestLife(context)) return false;
  return owesSurvey(fleet, host, epoch) || incarnation.counter > registered;
}

/**
 * A node that has folded other entries than ours, or more of them than the log now holds, has seen a branch of the log
 * that was lost. Nobody can tell from here which branch was acted upon, so nothing is started until a person has looked.
 */
export function forkEntries(
  fleet: Fleet,
  hashAt: (seq: number) => string | undefined,
  { host, journal }: SurveyAnswer,
): Draft[] {
  const ours = journal.seq === 0 ? journal.hash : (hashAt(journal.seq) ?? 'nothing');
  if (ours === journal.hash) return [];
  const about = { subject: 'cluster', cause: 'observation' } as const;
  const fork: Draft = { type: 'log.fork-detected', ...about, data: { seq: journal.seq, ours, theirs: journal.hash } };
  if (fleet.frozen) return [fork];
  const reason = `the journal of ${host} and the log differ at entry ${journal.seq}`;
  return [fork, { type: 'cluster.frozen', ...about, data: { by: 'rekindle', reason } }];
}

/** The answer, and an adoption for each instance the log places elsewhere or nowhere. */
export function surveyEntries(fleet: Fleet, answer: SurveyAnswer): Draft[] {
  const { host, incarnation, selfFencing, watchdog, instances } = answer;
  const known = fleet.hosts[host]?.context.incarnation;
  const type = known?.counter === incarnation.counter ? 'host.surveyed' : 'host.joined';
  const drafts: Draft[] = [
    { type, subject: `host/${host}`, cause: 'observation', data: { incarnation, selfFencing, watchdog, instances } },
  ];
  return [...drafts, ...adoptions(fleet, host, incarnation.counter, instances)];
}

/** What to do about instances found on a host that the log does not place there. */
export function adoptions(fleet: Fleet, host: string, counter: number, instances: SurveyAnswer['instances']): Draft[] {
  const drafts: Draft[] = [];
  for (const { guest, token } of instances) {
    const context = fleet.guests[guest]?.context;
    if (!context) continue;
    const grant = context.grant;
    const live = grant !== null && context.release === null;
    const here = live && (grant.host === host || context.migratingTo?.host === host);
    // Under a later token than the log has, the log lost that grant: to this host the older one is used up, and its
    // refusal would be taken for proof that nothing runs.
    if (here && (token === null || compareTokens(token, grant.token) <= 0)) continue;
    const subject = `guest/${guest}`;
    // A second holder that is not proven stopped: impossible while the assumptions hold, so nobody guesses which one is right.
    if (live && !here)
      drafts.push({
        type: 'guest.duplicated',
        subject,
        cause: 'observation',
        data: { hosts: [grant.host, host].sort() },
      });
    else
      drafts.push({
        type: 'guest.adopted',
        subject,
        cause: 'observation',
        data: { host, counter, why: `found running on ${host}, unknown to the log`, ...(token ? { token } : {}) },
      });
  }
  return drafts;
}
