/** Asks the controllers, in turn and again, until one that may be believed has answered. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { verify } from '../../adapters/keys/sign.ts';
import { fail } from '../../services/errors.ts';
import { answerTo, type InstallAnswer, installAnswerSchema, type Ticket } from '../../services/provisioning.ts';

/** The leader may have to wait for the log, and for openssl. */
const ANSWER_MS = 15_000;
/** Definitions of all guests among it: less than a log entry may hold, JSON in JSON. */
const MAX_ANSWER_BYTES = 8 << 20;
/** The first tries may come before the network is up. */
const AGAIN_MS = [500, 1_000, 2_000];

export interface Believed {
  /** Who signed it. */
  readonly node: string;
  readonly answer: Extract<InstallAnswer, { kind: 'enrolled' }>;
}

/**
 * `body`: the request's bytes, the same each time, over a loss of power as well: the leader knows by them that it is asked
 * again. Throws ENROL_NO_TICKET, ENROL_REFUSED, ENROL_UNANSWERED.
 */
export async function askForEnrolment(ticket: Ticket, from: string, body: string, waitMs: number): Promise<Believed> {
  const { host } = ticket;
  const signature = sign(null, Buffer.from(body), installerKey(ticket, from)).toString('base64');
  const untilMs = performance.now() + waitMs;
  const reasons = new Map<string, string>();
  for (let round = 0; ; round++) {
    for (const url of ticket.urls) {
      const left = untilMs - performance.now();
      if (left <= 0) break;
      try {
        const { node, answer } = await askOne(url, body, signature, ticket, Math.min(Math.ceil(left), ANSWER_MS));
        if (answer.kind === 'enrolled') return { node, answer };
        if (answer.kind !== 'refused') throw new Error(`${node} answers something else`);
        if (answer.stop) fail('ENROL_REFUSED', { host, reason: answer.reason });
        reasons.set(url, answer.reason);
      } catch (error) {
        if ((error as { code?: string }).code === 'ENROL_REFUSED') throw error;
        reasons.set(url, reasonOf(error));
      }
    }
    const pauseMs = AGAIN_MS[Math.min(round, AGAIN_MS.length - 1)]!;
    if (performance.now() + pauseMs >= untilMs) break;
    await wait(pauseMs);
  }
  const told = [...reasons].map(([url, reason]) => `  ${url}: ${reason}`).join('\n');
  return fail('ENROL_UNANSWERED', { host, waitedS: Math.round(waitMs / 1_000), reasons: told });
}

function installerKey(ticket: Ticket, from: string): KeyObject {
  try {
    const key = createPrivateKey(ticket.key);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below; the library's own words could quote what it was given.
  }
  return fail('ENROL_NO_TICKET', { from, reason: 'the key in it is no Ed25519 key' });
}

async function askOne(url: string, body: string, signature: string, { nodeKeys }: Ticket, timeoutMs: number) {
  // Not fetch(): to load what it is made of is a good part of this command's start.
  const asking = request(new URL('/v1/install', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'rekindle-signature': signature },
    signal: AbortSignal.timeout(timeoutMs),
  }).end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  // A connection that breaks from here on is told to whoever reads the answer.
  asking.on('error', () => {});
  const bytes = await bounded(response);
  const [node = '', given = ''] = String(response.headers['rekindle-signature'] ?? '').split(' ');
  // Before a byte of it is parsed: what is on this network is not to be believed by itself.
  if (!verify(nodeKeys[node] ?? '', answerTo(body, bytes), given))
    throw new Error('its answer is not signed, for this request, by a node of the cluster');
  return { node, answer: installAnswerSchema.parse(JSON.parse(bytes)) };
}

async function bounded(response: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    parts.push(part);
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new Error('its answer is too long');
  }
  return Buffer.concat(parts).toString('utf8');
}

function reasonOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'it does not answer';
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.message.split('\n')[0]! : String(error);
}
