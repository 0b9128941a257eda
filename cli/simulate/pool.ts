/** Tells many stories on all cores. Which thread tells which changes nothing: each story has its own seed. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Story } from '../../sim/years/incidents.ts';
import type { Outcome, StoryOptions } from '../../sim/years/outcome.ts';

export interface Job {
  /** Index of the spec. */
  readonly spec: number;
  readonly story: Story;
  readonly salt?: string;
}

export interface Shared {
  readonly specs: readonly ClusterSpec[];
  readonly options: StoryOptions;
}

export type Answer =
  | { readonly index: number; readonly outcome: Outcome }
  | { readonly index: number; readonly broke: string };

// Beside this file, as source or compiled.
const WORKER = fileURLToPath(import.meta.url).replace(/pool(\.[cm]?[jt]s)$/, 'worker$1');

/** Outcomes in the order of the jobs; `done` is told how many there are. Rejects when a story breaks. */
export async function tellAll(shared: Shared, jobs: readonly Job[], done: (count: number) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = new Array(jobs.length);
  const threads = Math.min(availableParallelism(), jobs.length);
  let next = 0;
  let finished = 0;
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(WORKER, { workerData: shared });
      try {
        await new Promise<void>((resolve, reject) => {
          const give = () => {
            if (next === jobs.length) return resolve();
            const index = next++;
            worker.postMessage({ index, job: jobs[index] });
          };
          worker.on('error', reject);
          worker.on('message', (answer: Answer) => {
            if ('broke' in answer) return reject(new Error(answer.broke));
            outcomes[answer.index] = answer.outcome;
            finished += 1;
            done(finished);
            give();
          });
          give();
        });
      } finally {
        await worker.terminate();
      }
    }),
  );
  return outcomes;
}
