/** Tells stories in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { tellStory } from '../../sim/years/story.ts';
import type { Answer, Job, Shared } from './pool.ts';

const { specs, options } = workerData as Shared;

parentPort!.on('message', ({ index, job }: { index: number; job: Job }) => {
  const { spec, story, salt } = job;
  tellStory(specs[spec]!, story, salt === undefined ? options : { ...options, salt }).then(
    (outcome) => parentPort!.postMessage({ index, outcome } satisfies Answer),
    (error: unknown) => parentPort!.postMessage({ index, broke: `story ${story.seed}: ${error}` } satisfies Answer),
  );
});
