import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { runSeed } from '../../sim/explore/run-seed.ts';

const SEED = 7;

const inWorker = () =>
  new Promise<string>((resolve, reject) => {
    const worker = new Worker(new URL('../../sim/explore/worker.ts', import.meta.url));
    worker.once('error', reject);
    worker.once('message', ({ result }: { result: { transcript: string } }) => {
      resolve(result.transcript);
      void worker.terminate();
    });
    worker.postMessage({ seed: SEED, config: 'any' });
  });

const inProcess = () => {
  const module = JSON.stringify(new URL('../../sim/explore/run-seed.ts', import.meta.url).href);
  const code = `const { runSeed } = await import(${module}); console.log((await runSeed(${SEED})).transcript);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  return stdout.trim() || stderr;
};

test('the same seed gives the same transcript: again, in another process, and in a worker thread', async () => {
  const first = (await runSeed(SEED)).transcript;
  expect((await runSeed(SEED)).transcript).toBe(first);
  expect(inProcess()).toBe(first);
  expect(await inWorker()).toBe(first);
  expect((await runSeed(SEED + 1)).transcript).not.toBe(first);
}, 120_000);
