/** The raw disk as a zstd stream, with the sizes and hashes of both. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Runner } from './tools.ts';

export interface Hashed {
  readonly bytes: number;
  readonly sha256: string;
}

export async function hashFile(file: string, signal?: AbortSignal): Promise<Hashed> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, ...(signal && { signal }) })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Threads split the input the same way however many there are: the stream does not depend on the machine. */
export async function compress(run: Runner, disk: string, stream: string, level: number): Promise<void> {
  const { size } = await stat(disk);
  await run('zstd', ['-q', '-f', `-${level}`, '-T0', `--stream-size=${size}`, '--no-sparse', disk, '-o', stream]);
}
