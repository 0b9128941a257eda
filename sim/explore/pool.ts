/** Hands seeds to worker threads, one each at a time, until there are no more or somebody says stop. */
import { Worker } from 'node:worker_threads';
import type { ConfigName } from './cluster.ts';
import type { RunResult } from './run-seed.ts';

export interface Finished {
  readonly result: RunResult;
  /** Wall time of this one run on its core. */
  readonly tookMs: number;
}

export interface PoolOptions {
  readonly workers: number;
  readonly config: ConfigName;
  /** The next seed; null when there is none. */
  readonly next: () => number | null;
  readonly onFinished: (finished: Finished) => void;
  readonly signal: AbortSignal;
}

/** A run that takes longer than this does not end: that is a finding too. Wall time, so it is generous. */
const RUN_AT_MOST_MS = 600_000;

const failed = (seed: number, what: string, tookMs: number): Finished => ({
  result: { seed, virtualMs: 0, faults: 0, entries: 0, violations: [], unsettled: [what], transcript: '' },
  tookMs,
});

export async function explorePool(options: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.workers }, () => oneWorker(options)));
}

async function oneWorker({ config, next, onFinished, signal }: PoolOptions): Promise<void> {
  let worker = new Worker(new URL('./worker.ts', import.meta.url));
  for (let seed = signal.aborted ? null : next(); seed !== null; seed = signal.aborted ? null : next()) {
    const now = seed;
    const finished = await new Promise<Finished | null>((resolve) => {
      const end = (outcome: Finished | null) => {
        clearTimeout(giveUp);
        worker.off('message', onMessage).off('error', onError);
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      const onMessage = (message: Finished | { broke: string; tookMs: number }) =>
        end('broke' in message ? failed(now, `the run broke off: ${message.broke}`, message.tookMs) : message);
      const onError = (error: unknown) => end(failed(now, `the run broke off: ${String(error)}`, 0));
      const onAbort = () => end(null);
      const giveUp = setTimeout(
        () => end(failed(now, 'the run did not come to an end', RUN_AT_MOST_MS)),
        RUN_AT_MOST_MS,
      );
      worker.on('message', onMessage).on('error', onError);
      signal.addEventListener('abort', onAbort, { once: true });
      worker.postMessage({ seed: now, config });
    });
    if (finished) onFinished(finished);
    if (finished?.result.virtualMs === 0) {
      await worker.terminate();
      worker = new Worker(new URL('./worker.ts', import.meta.url));
    }
  }
  await worker.terminate();
}
