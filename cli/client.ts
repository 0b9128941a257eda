/** Asks the rekindled of this node, over its Unix socket. Every error is one of the table. */
import { type IncomingMessage, request } from 'node:http';
import { ERRORS, type ErrorCode, failure, RekindleError } from '../services/errors.ts';

export interface Api {
  get<T>(path: string, query?: Record<string, string | undefined>): Promise<T>;
  /** An answer that does not come is ORDER_UNKNOWN. */
  post<T>(path: string, body: unknown): Promise<T>;
  /** Parsed lines as they come, until the server or `signal` ends them. */
  lines<T>(path: string, query: Record<string, string | undefined>, signal: AbortSignal): AsyncGenerator<T>;
}

const GET_WITHIN_MS = 10_000;
/** An order waits for the log, which may be electing for seconds. */
const POST_WITHIN_MS = 40_000;

export function apiAt(socket: string): Api {
  const send = (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const asked = request({
        socketPath: socket,
        method,
        path,
        agent: false,
        ...(signal && { signal }),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      });
      asked.once('response', resolve);
      asked.once('error', (cause) => reject(explained(cause, socket, method)));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const json = async <T>(method: string, path: string, withinMs: number, body?: unknown): Promise<T> => {
    const signal = AbortSignal.timeout(withinMs);
    try {
      const response = await send(method, path, body, signal);
      const parsed: unknown = JSON.parse(await textOf(response));
      if (response.statusCode !== 200) throw errorFrom(parsed);
      return parsed as T;
    } catch (cause) {
      throw explained(cause, socket, method);
    }
  };

  return {
    get: (path, query = {}) => json('GET', `${path}${queryOf(query)}`, GET_WITHIN_MS),
    post: (path, body) => json('POST', path, POST_WITHIN_MS, body),
    async *lines<T>(path: string, query: Record<string, string | undefined>, signal: AbortSignal) {
      const response = await send('GET', `${path}${queryOf(query)}`, undefined, signal);
      if (response.statusCode !== 200) throw errorFrom(JSON.parse(await textOf(response)));
      try {
        let rest = '';
        for await (const chunk of response.setEncoding('utf8')) {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) yield JSON.parse(line) as T;
        }
      } catch (cause) {
        if (!signal.aborted) throw explained(cause, socket, 'GET');
      }
    },
  };
}

function explained(cause: unknown, socket: string, method: string): RekindleError {
  if (cause instanceof RekindleError) return cause;
  const { code, name, message } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return failure('NOT_PERMITTED', { what: `opening ${socket}` }, cause);
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return failure('DAEMON_NOT_RUNNING', { socket }, cause);
  const late = name === 'TimeoutError' || name === 'AbortError';
  const reason = late ? 'no answer in time' : code === 'ECONNRESET' ? 'the connection broke off' : message;
  return method === 'POST'
    ? failure('ORDER_UNKNOWN', { reason }, cause)
    : failure('DAEMON_SILENT', { socket, reason }, cause);
}

function errorFrom(body: unknown): RekindleError {
  const { error } = (body ?? {}) as {
    error?: { code?: string; message?: string; about?: Record<string, string | number> };
  };
  if (error?.code !== undefined && Object.hasOwn(ERRORS, error.code)) {
    return new RekindleError(error.code as ErrorCode, error.about ?? {});
  }
  return failure('UNEXPECTED', { reason: error?.message ?? 'an answer that is not understood' });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function queryOf(query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
}
