/** Talks to the lab over its socket. */
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import type { Done, Instance } from './faults.ts';
import { type LayoutName, socket } from './layout.ts';

export interface LabStatus {
  readonly layout: LayoutName;
  readonly mode: 'rekindle' | 'plain';
  readonly phase: 'starting' | 'ready' | 'failed';
  /** What happened so far, milliseconds since the start. */
  readonly steps: readonly { readonly atMs: number; readonly what: string }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly kind: 'host' | 'arbiter' | 'machine';
    readonly power: 'on' | 'off';
    /** Why it is on or off. */
    readonly why: string;
    /** Times its watchdog has reset it. */
    readonly resets: number;
    /** Process id of its first process, seen from inside the lab. */
    readonly init: number | null;
    readonly bmc: 'alive' | 'dead' | null;
    readonly network: readonly string[];
  }[];
  readonly guests: readonly {
    readonly name: string;
    readonly address: string;
    readonly on: readonly string[];
    readonly instances: readonly Instance[];
  }[];
}

/** One request to an HTTP server on a Unix socket. Rejects after `timeoutMs` and on every status but 200. */
export async function ask(
  path: string,
  method: 'GET' | 'POST',
  url: string,
  body?: unknown,
  timeoutMs?: number,
): Promise<unknown> {
  const text = await askText(path, method, url, body, timeoutMs);
  return text === '' ? null : JSON.parse(text);
}

/** The same, for an answer of one JSON value a line. */
export async function askLines<T>(path: string, url: string): Promise<T[]> {
  const text = await askText(path, 'GET', url);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

function askText(path: string, method: string, url: string, body?: unknown, timeoutMs = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: path,
        method,
        path: url,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' } }),
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(reasonIn(text)));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function reasonIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: string | { message?: string } };
    return (typeof error === 'string' ? error : error?.message) ?? text;
  } catch {
    return text.slice(0, 500);
  }
}

/** Undefined when no lab is up. */
export async function labStatus(): Promise<LabStatus | undefined> {
  if (!existsSync(socket)) return undefined;
  return (await ask(socket, 'GET', '/status', undefined, 10_000).catch(() => undefined)) as LabStatus | undefined;
}

export const labFault = (name: string, args: readonly string[]) =>
  ask(socket, 'POST', '/fault', { name, args }) as Promise<Done>;

export const labDown = () => ask(socket, 'POST', '/down', undefined, 2_000);
