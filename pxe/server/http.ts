/**
 * What a node answers over HTTP to machines that boot from the network: scripts, the installer, images, and requests of
 * the installer, which it passes to the leader. It decides nothing. Neither queries nor bodies are ever logged: a token may
 * stand in them.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Say, Signer } from '../../services/ports.ts';
import {
  answerTo,
  type InstallAnswer,
  type InstallRequest,
  installAnswerSchema,
  installRequestSchema,
  type Provision,
} from '../../services/provisioning.ts';
import type { Images, StoredFile } from './images.ts';
import { againScript, bootQuerySchema, firstStage, installScript, localScript } from './scripts.ts';

const MAX_BODY_BYTES = 65_536;
const MAX_CONNECTIONS = 256;
/** A request's line, headers and body must be here by then. */
const REQUEST_MS = 10_000;
/** Nothing moved on a connection for so long: the machine at its end is gone. */
const IDLE_MS = 60_000;
/** Asked of the leader at once; whoever comes then comes again, so that this network cannot keep a leader busy. */
const MAX_ASKED = 32;
const AGAIN_S = 2;
const INSTALLER = ['vmlinuz', 'initrd.img'];

export interface BootServerPlan {
  readonly node: string;
  readonly address: string;
  readonly port: number;
  /** `http://ADDRESS:PORT` of this node first, then of the others. */
  readonly urls: readonly string[];
  readonly signer: Signer;
  readonly images: Images;
  /** Directory of `vmlinuz` and `initrd.img`. */
  readonly installer: string;
  /** Asks the leader; rejects within a bound when none answers. */
  readonly ask: (request: Provision) => Promise<unknown>;
  readonly say: Say;
}

/** Listens on ADDRESS:PORT and nowhere else. Returns its end. Rejects when the port cannot be had. */
export async function serveBoot(plan: BootServerPlan): Promise<() => Promise<void>> {
  const server = buildBootServer(plan);
  server.server.maxConnections = MAX_CONNECTIONS;
  await server.listen({ host: plan.address, port: plan.port });
  return () => server.close();
}

/** Exported for tests, which need no socket. */
export function buildBootServer({ node, urls, signer, images, installer, ask, say }: BootServerPlan): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    connectionTimeout: IDLE_MS,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    // Its own way of answering HEAD reads a whole image to throw it away.
    exposeHeadRoutes: false,
    http: { maxHeaderSize: 8_192 },
  });
  const own = urls[0]!;
  let asking = 0;

  /** Null: nobody decided. A leader's answer that cannot be read is none. */
  const decide = async (body: string, signature: string | null): Promise<InstallAnswer | null> => {
    if (asking >= MAX_ASKED) return null;
    asking++;
    try {
      return installAnswerSchema.parse(await ask({ kind: 'provision', from: node, body, signature }));
    } catch (error) {
      say.warn('a machine under installation asked and no leader answered', { reason: nameOf(error) });
      return null;
    } finally {
      asking--;
    }
  };

  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    // Its text may quote what was sent.
    if (status >= 500) say.error('a request of the provisioning network failed', { reason: nameOf(error) });
    return reply
      .code(status)
      .send({ error: status >= 500 ? 'this controller failed' : 'not a request of an installer' });
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'there is no such thing here' }));

  // The body is signed as it is, so it is kept as it is.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  server.get('/boot.ipxe', (_request, reply) => script(reply, firstStage(own)));

  server.get('/boot', async (request, reply) => {
    const asked = bootQuerySchema.safeParse(request.query);
    if (!asked.success) return reply.code(400).send({ error: 'not a request of our boot script' });
    const query = asked.data;
    const boot: InstallRequest = { kind: 'boot', mac: query.mac, uuid: query.uuid };
    const answer = await decide(JSON.stringify(boot), null);
    if (answer?.kind === 'boot') return script(reply, installScript(answer, query, urls));
    const over = answer !== null && (answer.kind !== 'refused' || answer.stop);
    return script(reply, over ? localScript(query.platform) : againScript(query, own, answer !== null));
  });

  server.post('/v1/install', async (request, reply) => {
    const body = request.body;
    const signature = headerSchema.safeParse(request.headers['rekindle-signature'] ?? null);
    const parsed = typeof body === 'string' ? installRequestSchema.safeParse(json(body)) : null;
    // `boot` is what a boot loader asks; nothing that runs already has a use for another token.
    if (!parsed?.success || !signature.success || parsed.data.kind === 'boot')
      return reply.code(400).send({ error: 'not a request of an installer' });
    if (parsed.data.kind !== 'hello' && signature.data === null)
      return reply.code(400).send({ error: 'not signed by the installer' });
    const answer = await decide(body as string, signature.data);
    if (!answer) {
      reply.header('retry-after', AGAIN_S);
      return reply.code(503).send({ error: 'no leader answers at the moment' });
    }
    const text = JSON.stringify(answer);
    const base64 = Buffer.from(signer.sign(answerTo(body as string, text)), 'base64url').toString('base64');
    return reply.header('rekindle-signature', `${node} ${base64}`).type('application/json').send(text);
  });

  server.get('/installer/:name', async (request, reply) => {
    const { name } = request.params as { name: string };
    const path = join(installer, name);
    const found = INSTALLER.includes(name) ? await stat(path).catch(() => null) : null;
    return found?.isFile() ? give(reply, { path, bytes: found.size }, undefined) : reply.callNotFound();
  });

  server.get('/images/:digest/:name', async (request, reply) => {
    const { digest, name } = request.params as { digest: string; name: string };
    const file = await images.file(digest, name);
    return file ? give(reply, file, request.headers.range) : reply.callNotFound();
  });

  return server;
}

const headerSchema = z.string().max(256).nullable();
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

const script = (reply: FastifyReply, text: string) =>
  reply.type('text/plain').header('cache-control', 'no-store').send(text);

/** The file, or the one range of it that was asked for (RFC 9110, 14.2); several at once are answered with all of it. */
function give(reply: FastifyReply, { path, bytes }: StoredFile, range: string | undefined): FastifyReply {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  reply.type('application/octet-stream').header('accept-ranges', 'bytes');
  if (!asked || (asked[1] === '' && asked[2] === '')) {
    reply.header('content-length', bytes);
    return reply.send(createReadStream(path));
  }
  const [, from, to] = asked as unknown as [string, string, string];
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from);
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (start > end) return reply.code(416).header('content-range', `bytes */${bytes}`).send();
  reply
    .code(206)
    .header('content-range', `bytes ${start}-${end}/${bytes}`)
    .header('content-length', end - start + 1);
  return reply.send(createReadStream(path, { start, end }));
}
