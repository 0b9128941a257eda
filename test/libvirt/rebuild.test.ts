/** A guest's disk made anew by qemu-img, on real files. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exchangeDisk, rebuildDisk } from '../../adapters/libvirt/rebuild.ts';

const MIB = 2 ** 20;
let directory: string;
let disk: string;
let from: string;
let content: Buffer;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rekindle-rebuild-'));
  [disk, from] = [join(directory, 'g1.img'), join(directory, 'golden.raw')];
  content = Buffer.concat([randomBytes(MIB), Buffer.alloc(3 * MIB)]);
  writeFileSync(from, content);
  writeFileSync(disk, 'spoiled', { mode: 0o640 });
});
afterEach(() => rmSync(directory, { recursive: true }));

const rebuild = (more: object = {}, token = '3.14', timeoutMs = 30_000) =>
  rebuildDisk({ disk, from, format: 'raw', ...more }, token, timeoutMs);
const names = () => readdirSync(directory).sort();
const spoiled = () => expect(readFileSync(disk, 'utf8')).toBe('spoiled');

test('the new disk is made beside the old one, and takes its place whole, with its rights', async () => {
  expect(await rebuild()).toMatchObject({ kind: 'succeeded' });
  spoiled();
  expect(await exchangeDisk(disk, '3.14')).toMatchObject({ kind: 'succeeded' });
  expect(readFileSync(disk).equals(content)).toBe(true);
  expect(statSync(disk).mode & 0o777).toBe(0o640);
  expect(names()).toEqual(['g1.img', 'golden.raw']);
});

test('put in its place a second time, what the guest has written since stays', async () => {
  await rebuild();
  await exchangeDisk(disk, '3.14');
  writeFileSync(disk, 'written by the guest');
  expect(await exchangeDisk(disk, '3.14')).toEqual({ kind: 'succeeded', detail: 'done before' });
  expect(readFileSync(disk, 'utf8')).toBe('written by the guest');
});

test('as qcow2 it holds the same', async () => {
  expect(await rebuild({ format: 'qcow2' })).toMatchObject({ kind: 'succeeded' });
  await exchangeDisk(disk, '3.14');
  await execa('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', from, disk]);
});

test('without an image it is empty, and as large as the one before or as is said', async () => {
  const empty = { from: undefined, network: true, format: 'qcow2' };
  const sizeOf = async () =>
    JSON.parse((await execa('qemu-img', ['info', '--output=json', disk])).stdout)['virtual-size'];
  await execa('qemu-img', ['convert', '-O', 'qcow2', from, disk]);
  expect(await rebuild(empty)).toEqual({ kind: 'succeeded', detail: 'an empty disk was made' });
  await exchangeDisk(disk, '3.14');
  expect(await sizeOf()).toBe(4 * MIB);
  await execa('qemu-img', ['compare', '-F', 'qcow2', '-f', 'raw', '/dev/null', disk]);
  expect(await rebuild({ ...empty, sizeMiB: 7 }, '4.20')).toMatchObject({ kind: 'succeeded' });
  await exchangeDisk(disk, '4.20');
  expect(await sizeOf()).toBe(7 * MIB);
});

test('a disk that no longer says how large it is leaves that to the cluster file', async () => {
  const empty = { from: undefined, network: true, format: 'qcow2' };
  expect(await rebuild(empty)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('sizeMiB') });
  spoiled();
});

test.each<[string, (sha256: string) => object, string]>([
  ['another digest', () => ({ sha256: 'a'.repeat(64) }), 'has the SHA-256'],
  ['no image', () => ({ from: '/nowhere/golden.raw' }), 'No such file'],
])('%s: nothing is made, and the old disk stays as it is', async (_title, more, reason) => {
  const done = await rebuild(more(''));
  expect(done).toMatchObject({ kind: 'failed', reason: expect.stringContaining(reason) });
  spoiled();
  expect(names()).toEqual(['g1.img', 'golden.raw']);
});

test('the digest of the cluster file is that of the image', async () => {
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(await rebuild({ sha256 })).toMatchObject({ kind: 'succeeded' });
});

test('out of time: nothing of it is left', async () => {
  expect(await rebuild({}, '3.14', 1)).toMatchObject({ kind: 'failed' });
  spoiled();
  expect(names()).toEqual(['g1.img', 'golden.raw']);
});

test('what a killed daemon left half made is never taken for the disk, and goes with the next try', async () => {
  writeFileSync(`${disk}.rebuilt-3.14`, 'half');
  expect(await rebuild({}, '4.20')).toMatchObject({ kind: 'succeeded' });
  expect(names()).toEqual(['g1.img', 'g1.img.rebuilt-4.20', 'golden.raw']);
});

test('a token that is none names no file', async () => {
  expect(await rebuild({}, '../../etc/passwd')).toMatchObject({ kind: 'failed' });
  expect(await exchangeDisk(disk, '../x')).toMatchObject({ kind: 'failed' });
  spoiled();
});
