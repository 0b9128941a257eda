import type { Draft } from '../../machines/entries.ts';
import { pause } from '../every.ts';
import type { Clock, Log, Say } from '../ports.ts';
import type { Replica } from './replica.ts';

/** Entries of our copy that the stream had lost. */
export interface Loss {
  readonly from: number;
  readonly to: number;
}

const RETRY_MS = 100;
/** So many refusals in a row of what the stream should have are no stale answer any more: the two copies differ. */
const REFUSALS = 60;

/**
 * Brings our copy to the end of the stream; a stream that ends before our copy has lost acknowledged entries
 * (docs/safety.md, "New reign, lost log"), which are stored again byte for byte. Done before a reign writes anything,
 * and whenever an append finds its place refused. Resolves with what was lost, for the log itself to tell.
 */
export async function mendLog(
  replica: Replica,
  { log, clock, say }: { log: Log; clock: Clock; say: Say },
  signal: AbortSignal,
): Promise<Loss | null> {
  let lost: Loss | null = null;
  let refusals = 0;
  /** Hash of the last entry that the stream was seen to hold as we do. */
  let alike: string | null = null;
  for (;;) {
    if (signal.aborted) throw new Error('no longer leading');
    try {
      const streamSeq = await log.lastSeq();
      const { seq: ours, hash } = replica.head();
      // Two copies of one length can differ: entries were lost, and another leader has written as many. What is longer is
      // read, and must follow from our last.
      if (streamSeq > ours || ours === 0 || (streamSeq === ours && alike === hash)) {
        await replica.caughtUp(streamSeq, signal);
        return lost;
      }
      if (!lost && streamSeq < ours) {
        lost = { from: streamSeq + 1, to: ours };
        say.error('the log is shorter than this journal: storing the lost entries again', {
          log: streamSeq,
          journal: ours,
        });
      }
      // From the last one that is there: only a log that ends like our copy may be continued with it. After any other
      // end our entries would follow from nothing, and no node could read past them.
      for (const stored of replica.entries(Math.max(1, streamSeq), ours)) {
        const { kind } = await log.restore(stored, signal);
        if (kind === 'stored') {
          refusals = 0;
          alike = stored.hash;
          continue;
        }
        if (kind === 'conflict' && ++refusals >= REFUSALS) replica.agrees(stored.seq, 'another entry');
        await pause(clock, RETRY_MS, signal);
        break;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      // An election of the stream's leader takes seconds; until then nothing can be decided.
      say.warn('the log cannot be read yet', { error: String(error) });
      await pause(clock, RETRY_MS, signal);
    }
  }
}

export const lossDraft = (lost: Loss, journal: string): Draft => ({
  type: 'log.loss-detected',
  subject: 'cluster',
  cause: 'observation',
  data: { ...lost, journal },
});
