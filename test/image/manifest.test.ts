/** Images are believed by signature and hash, and stay as long as somebody may need them. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needed } from '../../adapters/image/keep.ts';
import {
  MANIFEST_FILE,
  readSigned,
  SIGNATURE_FILE,
  type Signed,
  sign,
  signedBy,
} from '../../adapters/image/manifest.ts';
import { createStore, verifyStream } from '../../adapters/image/store.ts';
import { createImageKey } from '../../adapters/keys/create.ts';

let directory: string;
let ours: string;
let image: Signed;
const at = (...parts: string[]) => join(directory, ...parts);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

async function make(place: string, version: number, seed = at('image.nk')): Promise<Signed> {
  const stream = `stream ${version}`;
  const signed = sign(
    {
      format: 1,
      name: 'host',
      version,
      builtAt: '2026-11-23T00:00:00.000Z',
      raw: { bytes: 1 << 20, sha256: sha256('raw') },
      stream: { file: 'host.raw.zst', bytes: stream.length, sha256: sha256(stream) },
      firmware: ['bios', 'uefi'],
      boot: { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', cmdline: 'root=LABEL=root' },
    },
    seed,
  );
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'host.raw.zst'), stream);
  await writeFile(join(place, MANIFEST_FILE), signed.bytes);
  await writeFile(join(place, SIGNATURE_FILE), `${signed.signature}\n`);
  return signed;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rekindle-image-'));
  ours = await createImageKey(at('image.nk'));
  image = await make(at('made'), 1);
});
afterEach(() => rm(directory, { recursive: true }));

describe('an image', () => {
  test('is whole and ours as it was made', async () => {
    const read = readSigned(at('made'));
    expect(read.digest).toBe(image.digest);
    expect(signedBy(read, { other: await createImageKey(at('other.nk')), builder: ours })).toBe('builder');
    await expect(verifyStream(read, at('made'))).resolves.toBeUndefined();
  });

  test('of another key is not ours', async () => {
    await createImageKey(at('stranger.nk'));
    const foreign = await make(at('foreign'), 2, at('stranger.nk'));
    expect(signedBy(foreign, { builder: ours })).toBeNull();
  });

  test('with one byte of its manifest changed is not ours', async () => {
    const text = await readFile(at('made', MANIFEST_FILE), 'utf8');
    await writeFile(at('made', MANIFEST_FILE), text.replace('"version": 1', '"version": 2'));
    expect(signedBy(readSigned(at('made')), { builder: ours })).toBeNull();
  });

  test.each([
    ['changed', 'stream 2', 'is not what the manifest says'],
    ['cut off', 'strea', 'has 5 bytes, and should have 8'],
  ])('whose stream was %s is not whole', async (_what, stream, said) => {
    await writeFile(at('made', 'host.raw.zst'), stream);
    await expect(verifyStream(image, at('made'))).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      about: { reason: expect.stringContaining(said) },
    });
  });

  test('without a manifest, or with words in its place, says so', async () => {
    await appendFile(at('made', MANIFEST_FILE), 'words');
    expect(() => readSigned(at('made'))).toThrow('manifest.json is no JSON');
    await rm(at('made', MANIFEST_FILE));
    expect(() => readSigned(at('made'))).toThrow('manifest.json cannot be read');
  });
});

test('the store has whole images under their digests, and nothing else', async () => {
  const store = createStore(at('state'));
  expect(await store.list()).toEqual([]);
  const second = await make(at('second'), 2);
  await store.add(second, at('second'));
  await store.add(image, at('made'));
  await store.add(image, at('made'));
  expect((await store.list()).map(({ digest }) => digest)).toEqual([image.digest, second.digest]);
  await rm(at('second', 'host.raw.zst'));
  await expect(store.add(await make(at('third'), 3), at('second'))).rejects.toThrow();
  await store.remove(image.digest);
  expect(await readdir(at('state', 'images'))).toEqual([second.digest]);
});

describe('what must stay', () => {
  const publish = (name: string, manifest: string) => ({
    type: 'image.published',
    subject: 'cluster',
    data: { name, version: 1, manifest, by: 'anna' },
  });
  const armed = (host: string, manifest: string) => ({
    type: 'reinstall.armed',
    subject: `host/${host}`,
    data: { job: '1.1', attempt: 1, mode: 'install', image: { name: 'host', version: 1, manifest } },
  });
  const over = (host: string) => ({ type: 'reinstall.succeeded', subject: `host/${host}`, data: { intent: '1.1' } });

  test('is of each name the published one and the one before', () => {
    const log = [publish('host', 'a'), publish('host', 'b'), publish('lab', 'x'), publish('host', 'c')];
    expect([...needed(log)].sort()).toEqual(['b', 'c', 'x']);
  });

  test('is one published again before one published in between', () => {
    expect([...needed([publish('host', 'a'), publish('host', 'b'), publish('host', 'a')])].sort()).toEqual(['a', 'b']);
  });

  test('is what a machine is being installed with, until the outcome', () => {
    const later = [publish('host', 'b'), publish('host', 'c')];
    expect(needed([publish('host', 'a'), armed('h1', 'a'), ...later])).toContain('a');
    expect(needed([publish('host', 'a'), armed('h1', 'a'), ...later, over('h1')])).not.toContain('a');
  });
});
