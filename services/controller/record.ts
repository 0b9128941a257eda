import type { Draft } from '../../machines/entries.ts';
import type { CommandAnswer } from '../protocol.ts';
import type { Pen } from './pen.ts';

/** Appends the outcome unless the intent is no longer pending: then the state has moved on without it. */
export async function record(
  noun: 'start' | 'stop' | 'migration' | 'power-on' | 'repair' | 'netboot' | 'qualify' | 'reinstall',
  intent: string,
  cause: string,
  subject: string,
  about: object,
  answer: CommandAnswer,
  { pen }: { pen: Pen },
): Promise<void> {
  const verdict = answer.kind === 'succeeded' ? 'succeeded' : answer.kind === 'unknown' ? 'unknown' : 'failed';
  const words =
    answer.kind === 'succeeded'
      ? { detail: answer.detail }
      : { reason: 'reason' in answer ? answer.reason : `answered ${answer.kind}`, ...lacking(noun, answer) };
  const draft = { type: `${noun}.${verdict}`, subject, cause, data: { intent, ...about, ...words } } as Draft;
  await pen.write((fleet) => (fleet.intents[intent] ? [draft] : []));
}

const lacking = (noun: string, answer: CommandAnswer) =>
  noun === 'start' && answer.kind === 'failed' && answer.lacks !== undefined ? { lacks: answer.lacks } : {};
