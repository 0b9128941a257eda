/** Whether machines that are installed together wait for the controller that gives them the image. */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { serveBoot } from '../pxe/server/http.ts';
import { type Measurement, median } from './figures.ts';

/** Of the stream of a host's image: docs/images.md. */
const MIB = 169;
const ROUNDS = 5;
const MACHINES = 4;

export const imageServing: Measurement = {
  name: 'image-serving',
  async run() {
    const directory = mkdtempSync(join(tmpdir(), 'rekindle-bench-image-'));
    const path = join(directory, 'host.raw.zst');
    const bytes = MIB << 20;
    writeFileSync(path, randomFillSync(Buffer.alloc(bytes)));
    const [address, port] = ['127.0.0.1', await freePort()];
    const url = `http://${address}:${port}`;
    const end = await serveBoot({
      ...{ node: 'h1', address, port, urls: [url], installer: directory },
      signer: { publicKey: '', sign: () => '' },
      images: {
        list: async () => ['0'],
        manifest: async () => null,
        file: async () => ({ path, bytes }),
        fetchMissing: async () => 'had',
      },
      ask: async () => null,
      say: { info() {}, warn() {}, error() {} },
    });
    try {
      const fetch = (machines: number) => async (): Promise<number> => {
        const began = performance.now();
        const one = () => execa('curl', ['-sSf', '-o', '/dev/null', `${url}/images/0/host.raw.zst`]);
        await Promise.all(Array.from({ length: machines }, one));
        return performance.now() - began;
      };
      await fetch(1)();
      const alone = median(await times(fetch(1)));
      const together = median(await times(fetch(MACHINES)));
      return [
        {
          name: 'image to one machine',
          value: alone,
          unit: 'ms',
          target: null,
          about: `pxe/server/http.ts gives ${MIB} MiB from memory to one curl over loopback; median of ${ROUNDS}`,
        },
        {
          name: `image to ${MACHINES} machines at once`,
          value: together,
          unit: 'ms',
          target: null,
          about: `the same to ${MACHINES}, all from this one controller; a network of 1 Gbit/s takes ${Math.round((MACHINES * MIB * 1.048576 * 8) / 0.94)} ms for them`,
        },
      ];
    } finally {
      await end();
      rmSync(directory, { recursive: true });
    }
  },
};

async function times(run: () => Promise<number>): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) took.push(await run());
  return took;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
