import { pause } from '../every.ts';
import type { Clock, Log, Say } from '../ports.ts';
import type { Replica } from './replica.ts';

/**
 * Before a reign writes anything: our copy is brought to the end of the stream; a stream that ends before our copy has
 * lost acknowledged entries (docs/safety.md, "New reign, lost log"), which are stored again byte for byte.
 */
export async function mendLog(
  replica: Replica,
  { log, clock, say }: { log: Log; clock: Clock; say: Say },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    if (signal.aborted) throw new Error('no longer leading');
    try {
      const streamSeq = await log.lastSeq();
      const ours = replica.head().seq;
      if (streamSeq >= ours) return await replica.caughtUp(streamSeq, signal);
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
