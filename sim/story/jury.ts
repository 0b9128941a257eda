/** Which expectations of a story are still open, and when each of them is decided. */
import type { Claim, ExpectStep, Story } from './ast.ts';
import { contradiction } from './check.ts';
import type { Chronicle } from './chronicle.ts';

export interface Jury {
  /** Decides what can be decided now. `upTo`: the number of the fault step that comes next in this moment, if one does. */
  judge(upTo?: number): void;
  /** Decides all that is left: the story is over. */
  close(): void;
  /** Until when something is waited for, ms since the beginning. */
  openUntilMs(): number;
  /** Something is expected right before that step, or by the end if it is past the last one, and is not yet true. */
  wants(step: number): boolean;
}

/**
 * `firedMs`: when the fault step of that number came, null if it has not.
 * `decided`: `wrong` is what is seen instead, null when it came true; `afterMs`: so long after its fault.
 * `allowanceMs`: so much later than expected is still in time; for a world that is not the model the story was written on.
 */
export function createJury(
  { steps }: Story,
  chronicle: Chronicle,
  answers: readonly string[],
  firedMs: (step: number) => number | null,
  decided: (step: ExpectStep, wrong: string | null, afterMs: number | null) => void,
  allowanceMs = 0,
): Jury {
  const open = new Set(steps.filter((step) => step.kind === 'expect'));
  /** Expected again, and seen to be untrue since its fault. */
  const untrue = new Set<ExpectStep>();

  const decide = (step: ExpectStep, wrong: string | null, afterMs: number | null = null) => {
    open.delete(step);
    decided(step, wrong, afterMs);
  };
  const loosened = (claim: Claim): Claim =>
    claim.kind === 'down-at-most' ? { ...claim, ms: claim.ms + allowanceMs } : claim;
  const sinceMs = (step: number) => (step < 0 ? 0 : firedMs(step));

  const consider = (step: ExpectStep, upTo: number, last: boolean): void => {
    const { span, claim } = step;
    const nowMs = chronicle.nowMs();
    if (span.kind === 'before' || span.kind === 'at') {
      const due = last || (span.kind === 'at' ? nowMs >= span.ms : span.step <= upTo);
      if (!due) return;
      const wrong = contradiction(loosened(claim), chronicle, answers, 0);
      if (span.kind === 'at' && wrong !== null && !last && nowMs < span.ms + allowanceMs) return;
      decide(step, wrong);
      return;
    }
    const from = sinceMs(span.since);
    if (from === null) {
      if (last) decide(step, 'the fault before it never came');
      return;
    }
    // What must hold all that time is held no longer; what must come about may come a little later.
    const lateMs = span.kind === 'within' || claim.kind === 'count' ? allowanceMs : 0;
    const ended = nowMs >= from + span.ms;
    const over = last || nowMs >= from + span.ms + lateMs;
    // What has not happened often enough may still happen; what has happened too often is too often at once.
    const asked = claim.kind === 'count' && span.kind === 'throughout' && !over ? { ...claim, least: 0 } : claim;
    const wrong = contradiction(loosened(asked), chronicle, answers, from);
    if (wrong !== null) untrue.add(step);
    if (span.kind === 'throughout') {
      const met = ended && contradiction(loosened(claim), chronicle, answers, from) === null;
      if (wrong !== null || over || met) decide(step, wrong);
    } else if (wrong === null && (!span.again || untrue.has(step))) decide(step, null, nowMs - from);
    else if (over) decide(step, wrong ?? 'it was so all the time');
  };

  return {
    judge(upTo = -1) {
      for (const step of [...open]) consider(step, upTo, false);
    },
    close() {
      for (const step of [...open]) consider(step, steps.length, true);
    },
    openUntilMs() {
      let latest = 0;
      for (const { span } of open) {
        if (span.kind === 'at') latest = Math.max(latest, span.ms);
        if ('since' in span) latest = Math.max(latest, (sinceMs(span.since) ?? 0) + span.ms);
      }
      return latest;
    },
    wants: (step) =>
      [...open].some(({ span, claim }) => {
        if (span.kind !== 'before') return step === steps.length && span.kind !== 'throughout';
        return span.step <= step && contradiction(loosened(claim), chronicle, answers, 0) !== null;
      }),
  };
}
