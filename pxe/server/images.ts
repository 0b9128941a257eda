/**
 * The images a node keeps: STATE/images/<digest>/ holds `manifest.json`, `manifest.sig` and the stream (docs/images.md).
 * What comes from another node is believed by its signature, sizes and hashes alone.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Verify } from '../../services/ports.ts';
import { type Manifest, manifestSchema } from '../../services/provisioning.ts';

export const MANIFEST = 'manifest.json';
export const SIGNATURE = 'manifest.sig';
const DIGEST = /^[0-9a-f]{64}$/;
const STREAM = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const MAX_MANIFEST_BYTES = 65_536;
const MAX_SIGNATURE_BYTES = 256;
/** Of one source, for one image: each goes on where the last one broke off. */
const TRIES = 3;
/** Without a byte for so long, a source is left for the next one. */
const STALL_MS = 15_000;
/** Left free beside an image, for the log and the registers of this node. */
const SPARE_BYTES = 1 << 30;

export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
}

export interface Images {
  /** Digests of the images that are here and whole. */
  list(): Promise<readonly string[]>;
  /** The manifest of a whole image, or null. */
  manifest(digest: string): Promise<Manifest | null>;
  /** One file of a whole image, by the names in docs/images.md and no others; null when there is none. */
  file(digest: string, name: string): Promise<StoredFile | null>;
  /** Makes the image be here, from the first of `sources` (`http://ADDRESS:PORT`) that has it. Rejects with every reason. */
  fetchMissing(digest: string, sources: readonly string[], signal: AbortSignal): Promise<'had' | 'fetched'>;
}

export interface ImagesPlan {
  readonly directory: string;
  /** Public keys of those whose signature makes an image ours. */
  readonly keys: readonly string[];
  readonly verify: Verify;
}

export function createImages({ directory, keys, verify }: ImagesPlan): Images {
  const place = (digest: string) => join(directory, digest);

  const manifest = async (digest: string): Promise<Manifest | null> => {
    if (!DIGEST.test(digest)) return null;
    const text = await readFile(join(place(digest), MANIFEST), 'utf8').catch(() => null);
    return text === null ? null : readManifest(text);
  };

  const file = async (digest: string, name: string): Promise<StoredFile | null> => {
    const described = await manifest(digest);
    if (!described || ![MANIFEST, SIGNATURE, described.stream.file].includes(name)) return null;
    const path = join(place(digest), name);
    const found = await stat(path).catch(() => null);
    return found?.isFile() ? { path, bytes: found.size } : null;
  };

  const fetchFrom = async (digest: string, source: string, signal: AbortSignal): Promise<void> => {
    const part = `${place(digest)}.part`;
    await mkdir(part, { recursive: true, mode: 0o700 });
    const url = `${source}/images/${digest}`;
    const text = await small(`${url}/${MANIFEST}`, MAX_MANIFEST_BYTES, signal);
    if (sha256(text) !== digest) throw new Error('its manifest is another one');
    const signature = await small(`${url}/${SIGNATURE}`, MAX_SIGNATURE_BYTES, signal);
    if (!keys.some((key) => verify(key, text, signature.trim())))
      throw new Error('its manifest is not signed by a key of the cluster file');
    const { stream } = readManifest(text);
    const to = join(part, stream.file);
    const { bavail, bsize } = await statfs(directory);
    if (bavail * bsize < stream.bytes + SPARE_BYTES) throw new Error(`the disk of ${directory} is too full for it`);
    const begun = (await stat(to).catch(() => null)) !== null;
    for (let tries = TRIES; ; tries--) {
      try {
        await download(`${url}/${stream.file}`, to, stream.bytes, signal);
        break;
      } catch (error) {
        if (tries === 1 || signal.aborted) throw error;
      }
    }
    if ((await sha256Of(to)) !== stream.sha256) {
      await rm(to, { force: true });
      // What an earlier source began may be what is wrong, so this one is heard once more, from the start.
      if (begun) return fetchFrom(digest, source, signal);
      throw new Error('its stream is not what the manifest says');
    }
    await writeFile(join(part, MANIFEST), text);
    await writeFile(join(part, SIGNATURE), signature);
    for (const name of [stream.file, MANIFEST, SIGNATURE, '.']) await flush(join(part, name));
    await rename(part, place(digest));
    await flush(directory);
  };

  return {
    async list() {
      return (await readdir(directory).catch(() => [])).filter((name) => DIGEST.test(name)).sort();
    },
    manifest,
    file,
    async fetchMissing(digest, sources, signal) {
      if (!DIGEST.test(digest)) throw new Error('an image is named by its SHA-256');
      if (await manifest(digest)) return 'had';
      const reasons: string[] = [];
      for (const source of sources) {
        try {
          await fetchFrom(digest, source, signal);
          return 'fetched';
        } catch (error) {
          reasons.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
          signal.throwIfAborted();
        }
      }
      throw new Error(reasons.join('; ') || 'there is nobody to fetch it from');
    },
  };
}

/** Throws when it is not one, or names its stream by something that could be a path. */
function readManifest(text: string): Manifest {
  const parsed = manifestSchema.parse(JSON.parse(text));
  if (!STREAM.test(parsed.stream.file) || [MANIFEST, SIGNATURE].includes(parsed.stream.file))
    throw new Error('its manifest names its stream as no file may be named');
  return parsed;
}

async function small(url: string, maxBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body(url, {}, signal).chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`what it gives is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Appends to what is there already; never more than `bytes` in all. */
async function download(url: string, to: string, bytes: number, signal: AbortSignal): Promise<void> {
  let have = (await stat(to).catch(() => null))?.size ?? 0;
  if (have > bytes) {
    await rm(to);
    have = 0;
  }
  if (have === bytes) return;
  const asked = body(url, have > 0 ? { range: `bytes=${have}-` } : {}, signal);
  const handle = await open(to, 'a', 0o600);
  try {
    let first = true;
    for await (const chunk of asked.chunks) {
      // A server that knows no ranges begins anew.
      if (first && have > 0 && asked.status() !== 206) {
        await handle.truncate(0);
        have = 0;
      }
      first = false;
      if (have + chunk.length > bytes) throw new Error('its stream is longer than the manifest says');
      await handle.appendFile(chunk);
      have += chunk.length;
    }
  } finally {
    await handle.close();
  }
  if (have < bytes) throw new Error(`its stream broke off after ${have} of ${bytes} bytes`);
}

/** The body of an answer 200 or 206, given up when nothing comes for STALL_MS. */
function body(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): { readonly chunks: AsyncIterable<Buffer>; status(): number } {
  let status = 0;
  async function* read(): AsyncGenerator<Buffer> {
    const stalled = new AbortController();
    let timer = setTimeout(() => stalled.abort(new Error('it gives nothing any more')), STALL_MS);
    try {
      const answer = await fetch(url, {
        headers,
        redirect: 'error',
        signal: AbortSignal.any([signal, stalled.signal]),
      });
      status = answer.status;
      if ((status !== 200 && status !== 206) || !answer.body) {
        await answer.body?.cancel();
        throw new Error(status === 404 ? 'it does not have it' : `it answered ${status}`);
      }
      for await (const chunk of answer.body) {
        clearTimeout(timer);
        timer = setTimeout(() => stalled.abort(new Error('it gives nothing any more')), STALL_MS);
        yield Buffer.from(chunk);
      }
    } finally {
      clearTimeout(timer);
    }
  }
  return { chunks: read(), status: () => status };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
