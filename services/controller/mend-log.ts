import { pause } from '../every.ts';
import type { Clock, Log, Say } from '../ports.ts';
import type { Replica } from './replica.ts';

/**
 * Before a reign writes anything: our copy is brought to the end of the stream; a stream that ends before our copy has
 * lost acknowledged entries (docs/safety.md, "New reign, lost log"), which are stored again byte for byte. Resolves with
 * what was lost, for the log itself to tell.
 */
export async function mendLog(
  replica: Replica,
  { log, clock, say }: { log: Log; clock: Clock; say: Say },
  signal: AbortSignal,
): Promise<{ from: number; to: number } | null> {
  let lost: { from: number; to: number } | null = null;
  for (;;) {
    if (signal.aborted) throw new Error('no longer leading');
    try {
      const streamSeq = await log.lastSeq();
      const ours = replica.head().seq;
      if (streamSeq >= ours) {
        await replica.caughtUp(streamSeq, signal);
        return lost;
      }
      lost ??= { from: streamSeq + 1, to: ours };
      say.error('the log is shorter than this journal: storing the lost entries again', {
        log: streamSeq,
        journal: ours,
      });
      for (const stored of replica.entries(streamSeq + 1, ours)) {
        if ((await log.restore(stored, signal)).kind !== 'stored') break;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      // An election of the stream's leader takes seconds; until then nothing can be decided.
      say.warn('the log cannot be read yet', { error: String(error) });
      await pause(clock, 100, signal);
    }
  }
}
