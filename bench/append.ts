/** What one decision costs until it is in the log: three servers, TLS, on disk on a majority before the answer. */
import { GENESIS_HASH } from '../machines/fleet.ts';
import { startCluster } from '../test/nats/cluster.ts';
import { type Measurement, median, quantile } from './figures.ts';

const ROUNDS = 5;
const APPENDS = 150;

export const append: Measurement = {
  name: 'append',
  async run() {
    const cluster = await startCluster();
    try {
      const log = await cluster.log(cluster.connect('controller', 'h1'));
      const signal = AbortSignal.timeout(30_000);
      let head = { seq: 0, hash: GENESIS_HASH };
      let bytes = 0;
      const one = async (): Promise<number> => {
        const began = performance.now();
        const appended = await log.append(
          {
            type: 'cluster.frozen',
            subject: 'cluster',
            cause: 'operator',
            data: { by: 'bench', reason: 'x'.repeat(300) },
          },
          head,
          { node: 'h1', epoch: 1, atMs: Date.now() },
          signal,
        );
        if (appended.kind !== 'stored') throw new Error(`an append was not stored: ${appended.kind}`);
        head = appended.stored;
        bytes = JSON.stringify(appended.stored.entry).length;
        return performance.now() - began;
      };
      for (let i = 0; i < 50; i++) await one();

      const rounds: { p50: number; p99: number; rate: number }[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const began = performance.now();
        const took: number[] = [];
        for (let i = 0; i < APPENDS; i++) took.push(await one());
        const rate = (APPENDS / (performance.now() - began)) * 1_000;
        rounds.push({ p50: quantile(took, 0.5), p99: quantile(took, 0.99), rate });
      }
      const about = `adapters/nats/log.ts append(), one after the other, each expecting the place behind the last; entries of ${bytes} bytes, three nats-servers of this machine, mutual TLS, sync_interval always; median of ${ROUNDS} rounds of ${APPENDS}`;
      return [
        { name: 'append p50', value: median(rounds.map(({ p50 }) => p50)), unit: 'ms', target: { atMost: 3 }, about },
        {
          name: 'append p99',
          value: median(rounds.map(({ p99 }) => p99)),
          unit: 'ms',
          target: { atMost: 15 },
          about: 'the same appends',
        },
        {
          name: 'appends',
          value: median(rounds.map(({ rate }) => rate)),
          unit: '/s',
          target: null,
          about: 'the same appends; a leader writes one at a time, so this is also its limit',
        },
      ];
    } finally {
      await cluster.close();
    }
  },
};
