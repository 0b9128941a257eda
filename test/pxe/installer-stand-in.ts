/** What the controllers are to the installer, as far as the installer sees: messages, signatures, images. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zstdCompressSync } from 'node:zlib';
import type { KeyPair } from '@nats-io/nkeys';
import {
  answerTo,
  type InstallAnswer,
  type InstallRequest,
  type Inventory,
  installRequestSchema,
  type Manifest,
  manifestSchema,
  type Plan,
} from '../../services/provisioning.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const signed = (pair: KeyPair, bytes: Buffer) => Buffer.from(pair.sign(bytes)).toString('base64');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const verifyRaw = (key: Buffer, body: Buffer, signature: string): boolean =>
  verify(
    null,
    body,
    createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }),
    Buffer.from(signature, 'base64'),
  );

export interface StandInImage {
  readonly digest: string;
  readonly manifest: Buffer;
  readonly signature: string;
  readonly stream: Buffer;
  readonly raw: Buffer;
}

export function makeImage(
  raw: Buffer,
  signer: KeyPair,
  change: (manifest: Manifest) => Manifest = (m) => m,
): StandInImage {
  const stream = zstdCompressSync(raw);
  const manifest = Buffer.from(
    JSON.stringify(
      change(
        manifestSchema.parse({
          format: 1,
          name: 'test',
          version: 1,
          builtAt: '2026-01-01T00:00:00Z',
          raw: { bytes: raw.length, sha256: sha256(raw) },
          stream: { file: 'disk.raw.zst', bytes: stream.length, sha256: sha256(stream) },
          firmware: ['bios', 'uefi'],
          boot: { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', cmdline: 'console=ttyS0 quiet panic=5' },
        }),
      ),
    ),
  );
  return { digest: sha256(manifest), manifest, signature: signed(signer, manifest), stream, raw };
}

export interface StandIn {
  readonly url: string;
  readonly seen: InstallRequest[];
  inventory(): Inventory | undefined;
  close(): Promise<void>;
}

export interface Behaviour {
  readonly node: string;
  readonly pair: KeyPair;
  readonly image: StandInImage;
  /** The plan for what was found. `url` is this server's, as the machine reaches it. */
  readonly plan: (inventory: Inventory, hello: { job: string; attempt: number }, url: string) => Plan;
  readonly token: string;
  /** Another answer than the usual one. */
  readonly answer?: (request: InstallRequest) => InstallAnswer | undefined;
  /** What is sent of the stream from a byte on. Fewer bytes than announced: the connection breaks then. */
  readonly send?: (stream: Buffer, from: number) => Buffer;
  /** Then it does not break, but nothing more comes. */
  readonly silent?: boolean;
  readonly onRequest?: (request: InstallRequest) => void;
  /** Answers to this request instead of the one that came: what somebody else sends again. */
  readonly answersTo?: string;
}

const MACHINE_SEES = '10.0.2.2';

/** Listens on loopback, that QEMU's user network shows to the machine as 10.0.2.2. */
export async function standIn(behaviour: Behaviour): Promise<StandIn> {
  const seen: InstallRequest[] = [];
  let inventory: Inventory | undefined;
  let key: Buffer | undefined;
  let lastN = -1;
  let url = '';

  const answer = (request: InstallRequest, body: Buffer, signature: string): InstallAnswer => {
    if (request.kind === 'hello') {
      if (request.token !== behaviour.token) return { kind: 'refused', reason: 'no such token', stop: true };
      inventory = request.inventory;
      key = Buffer.from(request.key, 'base64');
      return { kind: 'plan', plan: behaviour.plan(request.inventory, request, url) };
    }
    if (request.kind === 'boot') throw new Error('the installer does not ask this');
    if (!key || !verifyRaw(key, body, signature)) throw new Error(`${request.kind} is not signed by the machine`);
    if (request.n <= lastN) throw new Error(`${request.kind} has n ${request.n} after ${lastN}`);
    lastN = request.n;
    if (request.kind === 'commit') {
      return { kind: 'go', job: request.job, attempt: request.attempt, epoch: 7, disk: request.disk };
    }
    return { kind: 'ok' };
  };

  const install = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const parsed = installRequestSchema.parse(JSON.parse(body.toString()));
    const usual = answer(parsed, body, String(request.headers['rekindle-signature']));
    seen.push(parsed);
    behaviour.onRequest?.(parsed);
    const said = Buffer.from(JSON.stringify(behaviour.answer?.(parsed) ?? usual));
    response.setHeader(
      'rekindle-signature',
      `${behaviour.node} ${signed(behaviour.pair, Buffer.from(answerTo(behaviour.answersTo ?? String(body), String(said))))}`,
    );
    response.end(said);
  };

  const download = (path: string, request: IncomingMessage, response: ServerResponse) => {
    const { image } = behaviour;
    const name = path.replace(`/images/${image.digest}/`, '');
    if (name === 'manifest.json') return void response.end(image.manifest);
    if (name === 'manifest.sig') return void response.end(`${image.signature}\n`);
    if (name !== 'disk.raw.zst') return void response.writeHead(404).end();
    const from = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const whole = image.stream.subarray(from);
    const sent = behaviour.send?.(image.stream, from) ?? whole;
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': whole.length,
      ...(from > 0 && { 'content-range': `bytes ${from}-${image.stream.length - 1}/${image.stream.length}` }),
    });
    response.write(sent, () => {
      if (sent.length === whole.length) response.end();
      else if (!behaviour.silent) response.destroy();
    });
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (request.method !== 'POST') return download(path, request, response);
    install(request, response).catch((error) => {
      problems.push(String(error));
      response.writeHead(500).end();
    });
  });
  const problems: string[] = [];
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://${MACHINE_SEES}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    inventory: () => inventory,
    close: () =>
      new Promise((closed, failed) => {
        server.closeAllConnections();
        server.close(() => (problems.length === 0 ? closed() : failed(new Error(problems.join('; ')))));
      }),
  };
}
