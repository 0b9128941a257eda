/** One core of an exploration: takes seeds, gives results. */
import { parentPort } from 'node:worker_threads';
import type { ConfigName } from './cluster.ts';
import { runSeed } from './run-seed.ts';

export interface Task {
  readonly seed: number;
  readonly config: ConfigName;
}

parentPort!.on('message', ({ seed, config }: Task) => {
  const began = performance.now();
  runSeed(seed, { config }).then(
    (result) => parentPort!.postMessage({ result, tookMs: performance.now() - began }),
    (error: Error) =>
      parentPort!.postMessage({ seed, broke: error.stack ?? String(error), tookMs: performance.now() - began }),
  );
});
