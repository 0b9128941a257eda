import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cpio } from '../../pxe/installer/cpio.ts';
import { pemOfNkey } from '../../pxe/installer/keys.ts';
import type { InstallAnswer, Plan } from '../../services/provisioning.ts';
import { makeImage, standIn } from './installer-stand-in.ts';

const SCRIPTS = join(import.meta.dirname, '../../pxe/installer');
let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'rekindle-installer-'));
  for (const name of ['run', 'sys/block', 'installer/images']) mkdirSync(join(place, name), { recursive: true });
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** A part of the installer, run here: standard output and the exit code. */
function bash(script: string): Promise<{ out: string; code: number | null }> {
  const sources = ['base', 'talk', 'progress', 'disks', 'image', 'boot']
    .map((part) => `. ${SCRIPTS}/${part}.sh`)
    .join('\n');
  const child = spawn('bash', ['-c', `${sources}\nset -euo pipefail\necho test >$RUN/phase\n${script}`], {
    env: { ...process.env, RUN: join(place, 'run'), HERE: join(place, 'installer'), SYS: join(place, 'sys') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (part) => (out += part));
  child.stderr.on('data', (part) => (out += part));
  return new Promise((done) => child.once('close', (code) => done({ out, code })));
}

/** A disk as the kernel shows it. */
function disk(name: string, sectors: number, files: Record<string, string | Buffer>) {
  for (const [file, content] of Object.entries({ size: `${sectors}\n`, removable: '0\n', ...files })) {
    const path = join(place, 'sys/block', name, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
  }
}

describe('the disk that is written', () => {
  test('is found by its serial wherever it stands, and other drivers say theirs elsewhere', async () => {
    disk('sda', 2048, {
      'device/vpd_pg80': Buffer.from('\0\x80\0\x08  ABC1  ', 'latin1'),
      'device/wwid': 'naa.5000c500a1b2c3d4\n',
    });
    disk('nvme0n1', 4096, { 'device/serial': 'S5XYNG0N    \n', wwid: 'eui.0025385b71b1b4f5\n' });
    disk('vda', 2048, { serial: 'TARGET' });
    disk('loop0', 2048, {});
    const { out } = await bash(`target ABC1 0x5000c500a1b2c3d4 1048576
      target S5XYNG0N eui.0025385b71b1b4f5 2097152
      target TARGET "" 1048576`);
    expect(out).toBe('sda\nnvme0n1\nvda\n');
  });

  test.each([
    ['no disk has the serial', 'target OTHER "" 1048576', '0 disks'],
    ['the disk has another size', 'target TARGET "" 2097152', '0 disks'],
    ['a second disk has the same serial', 'target TWIN "" 1048576', '2 disks'],
    ['it is named by its size alone', 'target "" "" 1048576', 'neither serial nor WWN'],
  ])('is none when %s', async (_, script, why) => {
    disk('vda', 2048, { serial: 'TARGET' });
    disk('vdb', 2048, { serial: 'TWIN' });
    disk('vdc', 2048, { serial: 'TWIN' });
    const { out, code } = await bash(script);
    expect({ out, code }).toEqual({ out: expect.stringContaining(why), code: 1 });
  });
});

test.each([
  ['kexec', 'at the first try', 1, 0],
  ['reboot', 'where its kernel cannot be started so', 1, 1],
  ['reboot', 'at every later try, since the one before may have ended by kexec', 2, 0],
])('the machine leaves by %s %s', async (how, _, attempt, status) => {
  const { out } = await bash(`kernel_ready() { return ${status}; }\nATTEMPT=${attempt}\nway_out /dev/none`);
  expect(out).toBe(`${how}\n`);
});

describe('a manifest', () => {
  const node = createUser();
  const signer = createUser();
  const image = makeImage(Buffer.alloc(4096), signer);
  const old = makeImage(Buffer.alloc(8192), signer);
  const forged = makeImage(Buffer.alloc(4096), createUser());

  const read = async (served: typeof image, planned: string) => {
    const server = await standIn({
      node: 'a1',
      pair: node,
      image: { ...served, digest: planned },
      token: '',
      plan: () => {
        throw new Error();
      },
    });
    writeFileSync(join(place, 'installer/images/builder.pem'), pemOfNkey(signer.getPublicKey()));
    const url = server.url.replace('10.0.2.2', '127.0.0.1');
    const done = await bash(`SOURCES=(${url}) DIGEST=${planned}\nmanifest\necho "$RAW_BYTES of $STREAM_FILE"`);
    await server.close();
    return done;
  };

  test('is read when it is the one of the plan, and signed', async () => {
    expect(await read(image, image.digest)).toEqual({ out: '4096 of disk.raw.zst\n', code: 0 });
  });

  test('is refused when it is another than the plan names, though well signed', async () => {
    const { out, code } = await read(old, image.digest);
    expect({ out, code }).toEqual({ out: expect.stringContaining('has another manifest'), code: 1 });
  });

  test('is refused when none of our keys has signed it', async () => {
    const { out, code } = await read(forged, forged.digest);
    expect({ out, code }).toEqual({ out: expect.stringContaining('signed by none of the image keys'), code: 1 });
  });
});

describe('an answer', () => {
  const node = createUser();
  const image = makeImage(Buffer.alloc(4096), createUser());
  const inventory = { uuid: null, macs: [], firmware: 'bios', memoryMiB: 1, cpus: 1, disks: [] };

  /** Sends a hello, as main.sh does. */
  const greet = async (pair: typeof node, answer?: InstallAnswer, answersTo?: string) => {
    const plan = (): Plan => ({
      ...{
        job: 'host/b1/reinstall@20',
        attempt: 1,
        mode: 'rescue',
        host: 'b1',
        cluster: 'c1',
        epoch: 1,
        sources: [],
        wallMs: 0,
      },
      disk: { device: 'none', serial: null, wwn: null, bytes: 0 },
      image: { name: 'test', manifest: image.digest },
    });
    const server = await standIn({
      node: 'a1',
      pair,
      image,
      token: 'a-ticket',
      plan,
      ...(answer && { answer: () => answer }),
      ...(answersTo && { answersTo }),
    });
    mkdirSync(join(place, 'installer/nodes'));
    writeFileSync(join(place, 'installer/nodes/a1.pem'), pemOfNkey(node.getPublicKey()));
    const done =
      await bash(`URLS=(http://127.0.0.1:1 ${server.url.replace('10.0.2.2', '127.0.0.1')}) JOB=host/b1/reinstall@20 ATTEMPT=1
      make_key
      status=0
      ask_once hello '{"token":"a-ticket","key":"'$(cat $RUN/key.pub)'","inventory":${JSON.stringify(inventory)}}' || status=$?
      echo "status $status"`);
    const hellos = server.seen.length;
    await server.close();
    return { ...done, hellos };
  };

  test('of a node is believed, at the second address when nobody is at the first', async () => {
    expect(await greet(node)).toMatchObject({ out: 'status 0\n', hellos: 1 });
  });

  test('that a stranger has signed in the name of a node counts for nothing', async () => {
    expect(await greet(createUser())).toMatchObject({ out: 'status 1\n', hellos: 1 });
  });

  test('that a node gave to another request counts for nothing: kept and sent again, a stop ends no other try', async () => {
    const stop = { kind: 'refused', reason: 'the job is over', stop: true } as const;
    expect(await greet(node, stop, '{"kind":"progress","n":7}')).toMatchObject({ out: 'status 1\n', hellos: 1 });
  });

  test('that refuses says why, and whether to ask again', async () => {
    const refused = { kind: 'refused', reason: 'the brake is on' } as const;
    expect((await greet(node, { ...refused, stop: false })).out).toContain('the brake is on\nstatus 2');
    rmSync(join(place, 'installer/nodes'), { recursive: true });
    expect((await greet(node, { ...refused, stop: true })).out).toContain('the brake is on\nstatus 3');
  });
});

test('an archive of the same files has the same bytes, in whatever order they come, and cpio reads it', () => {
  const entries = [
    { kind: 'file', path: 'a/b', content: Buffer.from('bee'), executable: true },
    { kind: 'link', path: 'c', target: 'a/b' },
  ] as const;
  const archive = cpio(entries);
  expect(cpio([...entries].reverse())).toEqual(archive);
  expect(execFileSync('cpio', ['-it', '--quiet'], { input: archive, encoding: 'utf8' })).toBe('a\na/b\nc\n');
});

test('a node key becomes what openssl reads; a mistyped one is refused', () => {
  const nkey = createUser().getPublicKey();
  const file = join(place, 'key.pem');
  writeFileSync(file, pemOfNkey(nkey));
  expect(execFileSync('openssl', ['pkey', '-pubin', '-in', file, '-noout', '-text'], { encoding: 'utf8' })).toContain(
    'ED25519',
  );
  expect(() => pemOfNkey(`${nkey.slice(0, -1)}${nkey.endsWith('A') ? 'B' : 'A'}`)).toThrow('is not a public key');
});
