/**
 * What can be asked of a node over HTTP. Where it listens: api-serve.ts.
 *
 *   GET  /v1/status                                      the cluster on one page
 *   GET  /v1/log?from|last&type&subject&since&follow=1   entries, one JSON object a line
 *   GET  /v1/why?subject=guest/g1[&not=h2]               sentences
 *   GET  /v1/reinstall?host=h3[&mode=install|dry-run|rescue] what would be done; `host` may be a MAC
 *   GET  /v1/join?host=h5                                what a ticket of h5 must say, besides what is secret
 *   POST /v1/orders                                      what a person asks of the leader
 *   POST /v1/shutdown                                    end this node on purpose
 */
import { pipeline } from 'node:stream/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { modeSchema } from '../machines/machine-facts.ts';
import { offerOf } from './api-join.ts';
import { asLines, logEntries } from './api-log.ts';
import { proposalOf } from './api-reinstall.ts';
import { statusOf } from './api-status.ts';
import type { ControllerView } from './api-view.ts';
import { whyOf } from './api-why.ts';
import { ERRORS, type ErrorCode, errorBody, fail, failure, RekindleError } from './errors.ts';
import { orderSchema } from './protocol.ts';

const MAX_FOLLOWERS = 64;
const MAX_BODY_BYTES = 64 * 1024;

const count = z.coerce.number().int().min(1);
const logQuery = z.strictObject({
  from: count.optional(),
  /** Only this many entries back from the end, counted before any filter. */
  last: z.coerce.number().int().min(0).optional(),
  type: z.string().max(64).optional(),
  subject: z.string().max(64).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  follow: z.literal('1').optional(),
});
const reinstallQuery = z.strictObject({ host: z.string().max(64), mode: modeSchema.default('install') });
const joinQuery = z.strictObject({ host: z.string().max(64) });
const whyQuery = z.strictObject({ subject: z.string().max(64), not: z.string().max(64).optional() });

/** Builds the server without listening. `writable` false: requests that change something are not there. */
export function buildApi(view: ControllerView, { writable }: { readonly writable: boolean }): FastifyInstance {
  const api = Fastify({ logger: false, bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  let followers = 0;

  api.setErrorHandler((error, _request, reply) => {
    const known = asRekindleError(error);
    return reply.code(STATUS[known.exit]).send(errorBody(known));
  });
  api.setNotFoundHandler((request, reply) => {
    const error = failure('BAD_REQUEST', {
      reason: `${request.method} ${request.url.split('?')[0]} is not offered here`,
    });
    return reply.code(404).send(errorBody(error));
  });
  if (!writable) {
    // A page of a foreign site may be pointed at the loopback by its name server; it cannot forge this header.
    api.addHook('onRequest', async ({ headers }) => {
      if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? ''))
        fail('BAD_REQUEST', { reason: 'foreign Host header' });
    });
  }

  api.get('/v1/status', async () => statusOf(view));

  api.get('/v1/log', async (request, reply) => {
    const query = parse(logQuery, request.query);
    if (followers >= MAX_FOLLOWERS) fail('TOO_MANY_FOLLOWERS', { count: followers });
    followers++;
    const gone = new AbortController();
    reply.raw.once('close', () => {
      followers--;
      gone.abort();
    });
    const from = query.last === undefined ? (query.from ?? 1) : Math.max(1, view.fleet().seq - query.last + 1);
    const entries = logEntries(view, { ...query, from, follow: query.follow === '1' }, gone.signal);
    reply.hijack();
    // Sent at once, so that a follower of a quiet log knows that it is connected.
    reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }).flushHeaders();
    // A client that goes away ends its own request and nothing else.
    await pipeline(asLines(entries), reply.raw).catch(() => reply.raw.destroy());
  });

  api.get('/v1/why', async (request) => {
    const { subject, not } = parse(whyQuery, request.query);
    return whyOf(view, subject, not);
  });

  api.get('/v1/reinstall', async (request) => {
    const { host, mode } = parse(reinstallQuery, request.query);
    return proposalOf(view, host, mode);
  });

  api.get('/v1/join', async (request) => offerOf(view.fleet(), parse(joinQuery, request.query).host));

  if (writable) {
    api.post('/v1/orders', async (request) => {
      const answer = await view.order(parse(orderSchema, request.body));
      if (answer.kind === 'rejected')
        throw new RekindleError(Object.hasOwn(ERRORS, answer.code) ? (answer.code as ErrorCode) : 'ORDER_REJECTED', {
          reason: answer.reason,
        });
      return answer;
    });
    api.post('/v1/shutdown', async () => {
      await view.shutDown();
      return { kind: 'accepted' };
    });
  }
  return api;
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return fail('BAD_REQUEST', { reason: [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ') });
}

/** HTTP status for each exit code of the error table. */
const STATUS = { 1: 500, 2: 400, 3: 503, 4: 409, 5: 504 } as const;

function asRekindleError(error: unknown): RekindleError {
  if (error instanceof RekindleError) return error;
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  const ours = statusCode === undefined || statusCode >= 500;
  return ours
    ? failure('UNEXPECTED', { reason: message ?? 'unknown' }, error)
    : failure('BAD_REQUEST', { reason: message ?? '' });
}
