/**
 * A new disk for a guest, from an image or empty, made by qemu-img in a file beside the old one and put in its place by one rename: whoever opens the
 * disk meets the old one or the new one, whole, whenever the power fails.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { chmod, chown, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { z } from 'zod';
import type { RebuildSpec } from '../../machines/spec.ts';
import type { Outcome } from '../../services/ports.ts';

const MARK = '.rebuilt-';
const TOKEN = /^\d+\.\d+$/;

const failed = (reason: string): Outcome => ({ kind: 'failed', reason });
const besideOf = (disk: string, token: string) => `${disk}${MARK}${token}`;

/** Never rejects. Whatever keeps it from succeeding has touched nothing but files of its own. */
export async function rebuildDisk(
  { disk, from, format, sha256, sizeMiB }: RebuildSpec,
  token: string,
  timeoutMs: number,
): Promise<Outcome> {
  if (!TOKEN.test(token)) return failed(`${token} is no token`);
  const made = besideOf(disk, token);
  // A name of this try alone: another host may be asked while this one does not answer, and neither must meet the other's half.
  const making = `${made}.${randomUUID()}`;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await removeLeftOvers(disk);
    if (from === undefined) {
      const bytes = sizeMiB === undefined ? await sizeOf(disk, format, signal) : sizeMiB * 2 ** 20;
      await qemuImg(['create', '-q', '-f', format, making, String(bytes)], signal);
    } else {
      if (sha256 !== undefined) {
        const found = await digestOf(from, signal);
        if (found !== sha256) return failed(`${from} has the SHA-256 ${found}, not ${sha256}`);
      }
      await qemuImg(['convert', '-O', format, from, making], signal);
      // Bit for bit what the image holds, read back from where it was written.
      await qemuImg(['compare', '-q', '-F', format, from, making], signal);
    }
    await asBefore(disk, making);
    await toStableStorage(making);
    await rename(making, made);
    await toStableStorage(dirname(disk));
    const detail =
      from === undefined ? 'an empty disk was made' : `a new disk was made from ${from} and compared with it`;
    return { kind: 'succeeded', detail };
  } catch (error) {
    await rm(making, { force: true }).catch(() => {});
    return failed(reasonOf(error));
  }
}

/** Never rejects. */
export async function exchangeDisk(disk: string, token: string): Promise<Outcome> {
  if (!TOKEN.test(token)) return failed(`${token} is no token`);
  try {
    await rename(besideOf(disk, token), disk);
    await toStableStorage(dirname(disk));
    return { kind: 'succeeded', detail: `${disk} is the new one` };
  } catch (error) {
    // An earlier start under this token has done it. Where the storage itself is not there, the start will say so.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'succeeded', detail: 'done before' };
    return failed(`the new disk cannot be put in the place of ${disk}: ${reasonOf(error)}`);
  }
}

async function removeLeftOvers(disk: string): Promise<void> {
  const directory = dirname(disk);
  for (const name of await readdir(directory))
    if (name.startsWith(`${basename(disk)}${MARK}`)) await rm(join(directory, name), { force: true });
}

/** What the guest saw of the old disk. Its format is named: a guest could have written another's head into a raw one. */
async function sizeOf(disk: string, format: string, signal: AbortSignal): Promise<number> {
  const { stdout } = await qemuImg(['info', '-U', '--output=json', '-f', format, disk], signal).catch((error) => {
    throw new Error(`how large ${disk} was cannot be read, so sizeMiB of its rebuild must say: ${reasonOf(error)}`);
  });
  return z.object({ 'virtual-size': z.number().int().min(1) }).parse(JSON.parse(stdout))['virtual-size'];
}

async function digestOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest('hex');
}

const qemuImg = (words: readonly string[], cancelSignal: AbortSignal) =>
  execa('qemu-img', words, { cancelSignal, stdin: 'ignore', maxBuffer: 100_000 });

/** Owner and rights of the old disk, if there is one: QEMU must be able to open the new one too. */
async function asBefore(disk: string, made: string): Promise<void> {
  const before = await stat(disk).catch(() => null);
  if (!before) return;
  await chown(made, before.uid, before.gid);
  await chmod(made, before.mode & 0o7777);
}

async function toStableStorage(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function reasonOf(error: unknown): string {
  const { stderr, shortMessage, message } = error as { stderr?: string; shortMessage?: string; message?: string };
  return (stderr?.trim() || shortMessage || message || String(error)).slice(0, 500);
}
