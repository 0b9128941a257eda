import { pause } from '../every.ts';
import type { Bus, Clock, Say } from '../ports.ts';
import { addresses, leaderAnswerSchema, type Report, type Reportable } from '../protocol.ts';

/** More undelivered reports than this and the oldest is dropped: a survey tells the leader the same later. */
const CAPACITY = 256;

/** Reports to the leader, in order, each repeated under one id until some leader has it in the log. */
export interface Outbox {
  /** `answered`: a leader has it in the log, or wants none of it. */
  report(type: Reportable, subject: string, data: unknown, answered?: () => void): void;
  stop(): void;
}

export function createOutbox(
  host: string,
  life: string,
  heartbeatMs: number,
  { bus, clock, say }: { bus: Bus; clock: Clock; say: Say },
): Outbox {
  const waiting: { readonly report: Report; readonly answered: () => void }[] = [];
  const ended = new AbortController();
  let sent = 0;
  let busy = false;

  const deliver = async () => {
    if (busy) return;
    busy = true;
    while (waiting[0] && !ended.signal.aborted) {
      const next = waiting[0];
      const { report } = next;
      try {
        const answer = leaderAnswerSchema.parse(await bus.request(addresses.report(host), report, 2 * heartbeatMs));
        if (answer.kind === 'rejected' && answer.code !== 'REPORT_STALE')
          say.warn('report rejected', { type: report.type, reason: answer.reason });
        next.answered();
        if (waiting[0] === next) waiting.shift();
      } catch {
        // No leader, or its answer was lost: the id makes a second delivery harmless.
        await pause(clock, heartbeatMs / 2, ended.signal);
      }
    }
    busy = false;
  };

  return {
    report(type, subject, data, answered = () => {}) {
      if (waiting.length >= CAPACITY) {
        const dropped = waiting.shift();
        say.warn('report dropped, too many wait for a leader', { type: dropped?.report.type });
      }
      const report = { kind: 'report', id: `${host}/${life}/${++sent}`, host, type, subject, data } as const;
      waiting.push({ report, answered });
      void deliver();
    },
    stop: () => ended.abort(),
  };
}
