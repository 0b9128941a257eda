/** How an image gets from one node to another, and what does not get there. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verify } from '../../adapters/keys/sign.ts';
import { createImages, type Images } from '../../pxe/server/images.ts';
import { makeImage, type TestImage } from './image.ts';

const never = new AbortController().signal;
const signer = createUser();
let directory: string;
let there: string;
let image: TestImage;
let images: Images;
let ends: (() => void)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rekindle-images-'));
  there = join(directory, 'there');
  image = makeImage(there, signer);
  mkdirSync(join(directory, 'here'));
  images = createImages({ directory: join(directory, 'here'), keys: [createUser().getPublicKey(), image.key], verify });
});
afterEach(() => {
  for (const end of ends) end();
  ends = [];
  rmSync(directory, { recursive: true, force: true });
});

/** A server of the images `there`; `alter` may answer in its place. Returns its URL, and the ranges it was asked for. */
async function source(alter?: (request: IncomingMessage, response: ServerResponse) => boolean) {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    if (request.url!.endsWith('disk.zst')) ranges.push(request.headers.range);
    if (alter?.(request, response)) return;
    const bytes = readFileSync(join(there, request.url!.replace('/images/', '')));
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200).end(bytes.subarray(from));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
}
const stored = (name: string) => readFileSync(join(directory, 'here', image.digest, name));
const nothingStored = async () => {
  expect(await images.list()).toEqual([]);
  expect(await images.file(image.digest, 'manifest.json')).toBeNull();
};

test('a missing image is fetched whole, and once', async () => {
  const { url, ranges } = await source();
  expect(await images.fetchMissing(image.digest, [url], never)).toBe('fetched');
  expect(stored('disk.zst').equals(image.stream)).toBe(true);
  expect(stored('manifest.sig').toString()).toBe(image.signature);
  expect(await images.list()).toEqual([image.digest]);
  expect(await images.fetchMissing(image.digest, [url], never)).toBe('had');
  expect(ranges.length).toBe(1);
});

test('where one source breaks off, the same or the next one goes on', async () => {
  const broken = await source((request, response) => {
    if (!request.url!.endsWith('disk.zst')) return false;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200);
    response.write(image.stream.subarray(from, from + 50_000), () => response.destroy());
    return true;
  });
  const good = await source();
  await images.fetchMissing(image.digest, [broken.url, good.url], never);
  expect(broken.ranges).toEqual([undefined, 'bytes=50000-', 'bytes=100000-']);
  expect(good.ranges).toEqual(['bytes=150000-']);
  expect(stored('disk.zst').equals(image.stream)).toBe(true);
});

test('a source that knows no ranges is begun anew', async () => {
  const part = join(directory, 'here', `${image.digest}.part`);
  mkdirSync(part);
  writeFileSync(join(part, 'disk.zst'), image.stream.subarray(0, 1_000));
  const { url } = await source((request, response) => {
    if (!request.url!.endsWith('disk.zst')) return false;
    response.end(image.stream);
    return true;
  });
  await images.fetchMissing(image.digest, [url], never);
  expect(stored('disk.zst').equals(image.stream)).toBe(true);
});

test('a wrong beginning that somebody else left is not held against a good source', async () => {
  const part = join(directory, 'here', `${image.digest}.part`);
  mkdirSync(part);
  writeFileSync(join(part, 'disk.zst'), Buffer.alloc(70_000, 1));
  const { url, ranges } = await source();
  await images.fetchMissing(image.digest, [url], never);
  expect(ranges).toEqual(['bytes=70000-', undefined]);
  expect(stored('disk.zst').equals(image.stream)).toBe(true);
});

const altered = Buffer.from([1]);
test.each<[string, RegExp, (path: string) => Buffer | string | null]>([
  ['altered stream', /not what the manifest says/, (path) => (path.endsWith('.zst') ? flipped() : null)],
  ['longer stream', /longer than/, (path) => (path.endsWith('.zst') ? Buffer.concat([image.stream, altered]) : null)],
  ['shorter stream', /broke off/, (path) => (path.endsWith('.zst') ? image.stream.subarray(0, 9) : null)],
  ['another manifest', /another one/, (path) => (path.endsWith('.json') ? '{}' : null)],
  ['endless manifest', /larger than/, (path) => (path.endsWith('.json') ? Buffer.alloc(100_000) : null)],
  ['another signature', /not signed/, (path) => (path.endsWith('.sig') ? foreign() : null)],
])('nothing is kept of an %s, and a good source is still taken', async (_what, reason, alter) => {
  const bad = await source((request, response) => {
    const instead = alter(request.url!);
    if (instead !== null) response.end(instead);
    return instead !== null;
  });
  await expect(images.fetchMissing(image.digest, [bad.url], never)).rejects.toThrow(reason);
  await nothingStored();
  const good = await source();
  await images.fetchMissing(image.digest, [bad.url, good.url], never);
  expect(stored('disk.zst').equals(image.stream)).toBe(true);
});

const flipped = () => {
  const bytes = Buffer.from(image.stream);
  bytes[123_456]! ^= 1;
  return bytes;
};
const foreign = () => {
  const text = readFileSync(join(there, image.digest, 'manifest.json'));
  return Buffer.from(createUser().sign(text)).toString('base64');
};

test.each(['../../escaped', 'manifest.json', '.hidden', 'a/b'])(
  'a signed manifest cannot name its stream %s',
  async (file) => {
    image = makeImage(there, signer, (manifest) => ({ ...manifest, stream: { ...manifest.stream, file } }));
    const { url } = await source();
    await expect(images.fetchMissing(image.digest, [url], never)).rejects.toThrow(/no file may be named/);
    await nothingStored();
    expect(readdirSync(directory).sort()).toEqual(['here', 'there']);
  },
);

test('what is being written is not there yet', async () => {
  mkdirSync(join(directory, 'here', `${image.digest}.part`));
  await nothingStored();
});

test('every source is told with what it lacks', async () => {
  const { url } = await source((_request, response) => {
    response.writeHead(404).end();
    return true;
  });
  const nobody = 'http://127.0.0.1:1';
  const failed = await images.fetchMissing(image.digest, [url, nobody], never).catch((error: Error) => error.message);
  expect(failed).toContain(`${url}: it does not have it`);
  expect(failed).toContain(nobody);
});
