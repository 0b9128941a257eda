/** The images a node keeps: STATE/images/<digest>/, filled beside it and renamed, as docs/images.md describes. */
import { cp, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../services/errors.ts';
import { MANIFEST_FILE, readSigned, SIGNATURE_FILE, type Signed } from './manifest.ts';
import { hashFile } from './stream.ts';

const DIGEST = /^[0-9a-f]{64}$/;

export interface Store {
  /** Whole ones, whose manifest can be read; oldest version first. */
  list(): Promise<readonly Signed[]>;
  /** Where it lies, or would. */
  place(digest: string): string;
  /** Copies what was verified already. Does nothing when it is there. */
  add(image: Signed, directory: string): Promise<void>;
  remove(digest: string): Promise<void>;
}

/** `state`: the node's state directory. */
export function createStore(state: string): Store {
  const root = join(state, 'images');
  const place = (digest: string) => join(root, digest);
  return {
    place,
    async list() {
      const names = await readdir(root).catch(() => []);
      const images = names.filter((name) => DIGEST.test(name)).map((name) => readSigned(place(name)));
      return images.sort((a, b) => a.manifest.version - b.manifest.version);
    },
    async add({ digest, manifest }, directory) {
      if ((await stat(place(digest)).catch(() => null)) !== null) return;
      // Not <digest>.part, which the daemon may be filling.
      const part = `${place(digest)}.part-${process.pid}`;
      try {
        await mkdir(part, { recursive: true, mode: 0o700 });
        for (const file of [manifest.stream.file, MANIFEST_FILE, SIGNATURE_FILE]) {
          await cp(join(directory, file), join(part, file));
          await flush(join(part, file));
        }
        await flush(part);
        await rename(part, place(digest));
        await flush(root);
      } finally {
        await rm(part, { recursive: true, force: true });
      }
    },
    async remove(digest) {
      // Renamed first: half an image is never found under its digest.
      const gone = `${place(digest)}.part-${process.pid}`;
      await rename(place(digest), gone);
      await rm(gone, { recursive: true });
    },
  };
}

/** Its stream is the one of the manifest, byte for byte. Throws IMAGE_INVALID. */
export async function verifyStream({ manifest }: Signed, where: string): Promise<void> {
  const { file, bytes, sha256 } = manifest.stream;
  const wrong = (reason: string, cause?: unknown) => fail('IMAGE_INVALID', { where, reason }, cause);
  const found = await hashFile(join(where, file)).catch((cause) => wrong(`${file} cannot be read`, cause));
  if (found.bytes !== bytes) wrong(`${file} has ${found.bytes} bytes, and should have ${bytes}`);
  if (found.sha256 !== sha256) wrong(`${file} is not what the manifest says`);
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
