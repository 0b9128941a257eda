/**
 * One request to a BMC's web server. Its certificate is pinned by its fingerprint: nothing is sent, the password least of all,
 * before the peer has proven that it holds that certificate's key. A connection of its own for each, because a request lost on a
 * kept one could not be told from one carried out.
 */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Answers are a few kilobytes; some service roots are large. */
const MAX_BODY = 1024 * 1024;
/** BMC web servers are slow. */
const MAX_REQUEST_MS = 30_000;

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; undefined when it is empty or none. */
  readonly body: unknown;
}

/** `sent`: false when the BMC certainly did not get the request. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly kind: 'silent' | 'certificate' | 'too-large';
  readonly sent: boolean;

  constructor(kind: NoAnswer['kind'], sent: boolean, message: string) {
    super(message);
    this.kind = kind;
    this.sent = sent;
  }
}

/** Rejects with NoAnswer. `pin`: SHA-256 of the certificate, 64 small hexadecimal digits; undefined only for http on loopback. */
export async function ask(url: URL, asked: Asked, pin: string | undefined, withinMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(withinMs, MAX_REQUEST_MS))));
  const socket = await connected(url, pin, signal);
  try {
    return await answer(url, asked, socket, signal);
  } finally {
    socket.destroy();
  }
}

function connected(url: URL, pin: string | undefined, signal: AbortSignal): Promise<Socket> {
  const to = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
  // No authority vouches for a BMC, so its chain and its name say nothing; the fingerprint alone decides.
  const tls = url.protocol === 'https:' ? connectTls({ ...to, rejectUnauthorized: false }) : null;
  const socket = tls ?? connect(to);
  return new Promise((resolve, reject) => {
    const refuse = (kind: NoAnswer['kind'], message: string) => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      reject(new NoAnswer(kind, false, message));
    };
    const late = () => refuse('silent', 'no connection in time');
    signal.addEventListener('abort', late);
    socket.on('error', (error) => refuse('silent', error.message));
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      const found = tls?.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase();
      if (tls && (found === undefined || found !== pin)) return refuse('certificate', found ?? 'none');
      signal.removeEventListener('abort', late);
      resolve(socket);
    });
  });
}

function answer(url: URL, { method, headers, body }: Asked, socket: Socket, signal: AbortSignal): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const lost = (error: Error) => reject(new NoAnswer('silent', true, error.message));
    const sending = request(
      {
        method,
        path: `${url.pathname}${url.search}`,
        headers: {
          Host: url.host,
          Accept: 'application/json',
          'OData-Version': '4.0',
          Connection: 'close',
          ...(text === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
          ...headers,
        },
        createConnection: () => socket,
        signal,
      },
      (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('error', lost);
        response.on('data', (part: Buffer) => {
          size += part.length;
          if (size > MAX_BODY) {
            reject(new NoAnswer('too-large', true, `an answer of more than ${MAX_BODY} bytes`));
            socket.destroy();
          } else parts.push(part);
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: parsed(Buffer.concat(parts).toString('utf8')),
          }),
        );
      },
    );
    sending.on('error', lost);
    sending.end(text);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
