import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildInstaller } from '../../pxe/installer/build.ts';
import type { InstallRequest, Plan } from '../../services/provisioning.ts';
import { brokenByLossOfPower, writesBetweenFlushes } from './disk-writes.ts';
import { dataDisk, noise, rawDisk } from './installer-disks.ts';
import { type DiskFile, diskFile, type Machine, machine } from './installer-machine.ts';
import { type Behaviour, makeImage, type StandIn, type StandInImage, standIn } from './installer-stand-in.ts';

/** Of the leader's clock. The machine's own has forgotten the time. */
const WALL_MS = 1_800_000_000_000;
const MIB = 1 << 20;
/** What the others show for the most part already: only with REKINDLE_LONG=1. */
const long = test.skipIf(!process.env.REKINDLE_LONG);
/** Kept between runs: packages downloaded and unpacked. */
const WORK = join(import.meta.dirname, '../../.lab/installer');
const node = createUser();
const signer = createUser();
const TOKEN = 'a-ticket';

let place: string;
let built: string;
let image: StandInImage;
/** Quickly written, for installations that do not come to their end. */
let bare: StandInImage;
const servers: StandIn[] = [];
const machines: Machine[] = [];

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'rekindle-installer-'));
  built = join(place, 'built');
  build(built);
  image = makeImage(rawDisk(place, built, join(WORK, 'tree-cloud')), signer);
  const content = Buffer.alloc(72 * MIB);
  noise(MIB, 'bare').copy(content, 70 * MIB);
  bare = makeImage(content, signer);
}, 300_000);
afterEach(async () => {
  for (const one of machines.splice(0)) {
    one.cut();
    await one.off;
  }
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const build = (out: string) =>
  buildInstaller({
    out,
    cluster: 'c1',
    nodeKeys: { a1: node.getPublicKey() },
    imageKeys: { builder: signer.getPublicKey() },
    workDir: WORK,
    kernel: 'cloud',
  });

/** A leader and a machine with two disks, the one to write at the second place. Both disks hold something. */
async function started(
  behaviour: Partial<Behaviour> = {},
  plan: (url: string) => Partial<Plan> = () => ({}),
  disk: Pick<DiskFile, 'record' | 'failsAt'> = {},
) {
  const served = behaviour.image ?? image;
  const leader = await standIn({
    node: 'a1',
    pair: node,
    image: served,
    token: TOKEN,
    plan: ({ disks }, { job, attempt }, url) => {
      const { device, serial, wwn, bytes } = disks.find((disk) => disk.serial === 'TARGET')!;
      const disk = { device, serial, wwn, bytes };
      const named = { name: 'test', manifest: served.digest };
      const base = { job, attempt, mode: 'install', host: 'b1', cluster: 'c1', epoch: 7, disk, image: named } as const;
      return { ...base, sources: [url], wallMs: WALL_MS, ...plan(url) };
    },
    ...behaviour,
  });
  servers.push(leader);
  const target = diskFile(join(place, 'target'), 160 * MIB, Buffer.alloc(160 * MIB, noise(2 * MIB, 'old')));
  const data = diskFile(join(place, 'data'), 32 * MIB, dataDisk(32 * MIB));
  const untouched = { target: digest(target), data: digest(data) };
  const disks = [
    { file: data, serial: 'DATA' },
    { file: target, serial: 'TARGET', ...disk },
  ];
  const booted = machine(built, disks, { url: leader.url, token: TOKEN });
  machines.push(booted);
  return { leader, booted, target, data, untouched };
}

const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const start = (file: string) => {
  const bytes = Buffer.alloc(MIB);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, bytes, 0, MIB, 0);
  closeSync(descriptor);
  return bytes;
};
const mebibytes = Array.from({ length: 75 }, (_, at) => at);
const nobody: Behaviour = {
  node: 'a1',
  pair: node,
  get image() {
    return image;
  },
  token: '',
  plan: () => {
    throw new Error('only images are asked for here');
  },
};
const kinds = ({ seen }: StandIn) => seen.map(({ kind }) => kind).filter((kind) => kind !== 'progress');
const said = <K extends InstallRequest['kind']>({ seen }: StandIn, kind: K) =>
  seen.filter((one): one is Extract<InstallRequest, { kind: K }> => one.kind === kind);

test('is built twice to the same bytes', () => {
  const again = join(place, 'again');
  build(again);
  expect(digest(join(again, 'initrd.img'))).toBe(digest(join(built, 'initrd.img')));
}, 120_000);

describe('an installation', () => {
  test('writes the image to the one disk although a source dies, wherever the power may go, and starts it', async () => {
    const dying = await standIn({
      ...nobody,
      send: (stream, from) => stream.subarray(from, from + 3 * MIB),
    });
    servers.push(dying);
    const record = join(place, 'record');
    const { leader, booted, target, data, untouched } = await started({}, (url) => ({ sources: [dying.url, url] }), {
      record,
    });
    const before = readFileSync(target);
    await booted.off;

    expect(kinds(leader)).toEqual(['hello', 'commit', 'sealed', 'bye']);
    expect(said(leader, 'hello')[0]!.inventory).toMatchObject({
      firmware: 'bios',
      macs: [expect.stringMatching(/^52:54:/)],
      disks: [
        { device: 'vda', serial: 'DATA', bytes: 32 * MIB, blank: false, signatures: ['LVM2_member', 'drbd'] },
        { device: 'vdb', serial: 'TARGET', bytes: 160 * MIB, blank: false },
      ],
    });
    expect(said(leader, 'commit')[0]).toMatchObject({ disk: { serial: 'TARGET' }, manifest: image.digest });
    expect(said(leader, 'sealed')[0]).toMatchObject({ manifest: image.digest, bytes: image.raw.length });
    expect(said(leader, 'progress').every(({ of }) => of === image.raw.length)).toBe(true);
    expect(said(leader, 'bye')[0]).toMatchObject({ how: 'kexec' });
    expect(booted.console()).toContain(`the installed system is up in ${new Date(WALL_MS).getUTCFullYear()}`);

    expect(digest(data)).toBe(untouched.data);
    const disk = readFileSync(target);
    const differing = mebibytes.filter(
      (at) => !disk.subarray(at * MIB, at * MIB + MIB).equals(image.raw.subarray(at * MIB, at * MIB + MIB)),
    );
    // The partition table knows where the larger disk ends; the second is the identity.
    expect(differing).toEqual([0, 9]);
    expect(disk.subarray(0, 440)).toEqual(image.raw.subarray(0, 440));
    expect(execFileSync('sfdisk', ['-V', target], { encoding: 'utf8' })).toContain('No errors detected');
    const left = join(place, 'left.tar');
    writeFileSync(left, disk.subarray(9 * MIB, 10 * MIB));
    const ticket = JSON.parse(execFileSync('tar', ['-xOf', left, 'enrol.json'], { encoding: 'utf8' }));
    expect(ticket).toMatchObject({
      cluster: 'c1',
      host: 'b1',
      job: 'host/b1/reinstall@20',
      attempt: 1,
      image: image.digest,
      urls: [leader.url, dying.url],
      nodeKeys: { a1: node.getPublicKey() },
    });
    const between = writesBetweenFlushes(readFileSync(record));
    expect(brokenByLossOfPower(between, before, disk)).toBeNull();
    // The last that is written is the first sector. Without it there is neither boot code nor a partition table.
    expect(between.at(-1)!.map(({ sector, bytes }) => [sector, bytes.length])).toEqual([[0, 512]]);
    const cut = diskFile(join(place, 'cut'), disk.length, Buffer.concat([Buffer.alloc(512), disk.subarray(512)]));
    expect(execFileSync('blkid', ['-p', '-o', 'export', target], { encoding: 'utf8' })).toContain('PTTYPE=gpt');
    expect(spawnSync('blkid', ['-p', cut])).toMatchObject({ status: 2 });

    const mine = createPublicKey(ticket.key).export({ format: 'der', type: 'spki' }).subarray(12);
    expect(mine.toString('base64')).toBe(said(leader, 'hello')[0]!.key);
  }, 300_000);

  test('whose stream is altered in one bit leaves a disk that cannot boot, and says why', async () => {
    const altered = Buffer.from(bare.stream);
    altered[altered.length - 1000]! ^= 1;
    const send = (_: Buffer, from: number) => altered.subarray(from);
    const { leader, booted, target, data, untouched } = await started({ image: bare, send });
    await booted.off;
    expect(kinds(leader)).toEqual(['hello', 'commit', 'failed']);
    expect(said(leader, 'failed')[0]).toMatchObject({ phase: 'write' });
    expect(start(target)).toEqual(Buffer.alloc(MIB));
    expect(digest(data)).toBe(untouched.data);
  }, 300_000);

  test('onto a disk that fails names the sector, ends, and leaves a disk that cannot boot', async () => {
    const failsAt = (70 * MIB) / 512 + 8;
    const { leader, booted, target, data, untouched } = await started({ image: bare }, undefined, { failsAt });
    await booted.off;
    expect(kinds(leader)).toEqual(['hello', 'commit', 'failed']);
    const { phase, reason } = said(leader, 'failed')[0]!;
    expect(phase).toBe('write');
    const [, sector] = /Input\/output error.*; the kernel: I\/O error, dev vdb, sector (\d+) /s.exec(reason) ?? [
      reason,
    ];
    // The kernel names the first of those it wrote at once.
    expect(failsAt - Number(sector)).toBeGreaterThanOrEqual(0);
    expect(failsAt - Number(sector)).toBeLessThan((MIB * 4) / 512);
    expect(start(target)).toEqual(Buffer.alloc(MIB));
    expect(digest(data)).toBe(untouched.data);
  }, 300_000);

  long(
    'that no source can finish is reported, and leaves a disk that cannot boot',
    async () => {
      const { leader, booted, target } = await started({ send: (stream, from) => stream.subarray(from, 2 * MIB) });
      await booted.off;
      expect(kinds(leader)).toEqual(['hello', 'commit', 'failed']);
      expect(start(target)).toEqual(Buffer.alloc(MIB));
    },
    300_000,
  );
});

describe('nothing is written', () => {
  test('when the leader does not let it', async () => {
    const { leader, booted, target, data, untouched } = await started({
      answer: ({ kind }) =>
        kind === 'commit' ? { kind: 'refused', reason: 'a person said no', stop: true } : undefined,
    });
    await booted.off;
    expect(kinds(leader)).toEqual(['hello', 'commit']);
    expect(booted.console()).toContain('a person said no');
    expect({ target: digest(target), data: digest(data) }).toEqual(untouched);
  }, 300_000);

  test('by a dry run, which says how fast disk and network are', async () => {
    const { leader, booted, target, data, untouched } = await started({}, () => ({ mode: 'dry-run' }));
    await booted.off;
    expect(kinds(leader)).toEqual(['hello', 'finished', 'bye']);
    const { report } = said(leader, 'finished')[0]!;
    expect(Number(report.diskReadBytesPerS)).toBeGreaterThan(0);
    expect(Number(report.networkBytesPerS)).toBeGreaterThan(0);
    expect(Number(report.predictedMs)).toBeGreaterThan(0);
    expect({ target: digest(target), data: digest(data) }).toEqual(untouched);
  }, 300_000);

  long(
    'by a rescue, which says what it found',
    async () => {
      const { leader, booted, target, data, untouched } = await started({}, () => ({ mode: 'rescue' }));
      await booted.off;
      expect(said(leader, 'finished')[0]!.report).toMatchObject({
        disks: expect.stringContaining('TARGET'),
        dmesg: expect.any(String),
      });
      expect({ target: digest(target), data: digest(data) }).toEqual(untouched);
    },
    300_000,
  );
});
