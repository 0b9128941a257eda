/**
 * Entries in order, without gaps, for ever. They arrive as the stream's leader repeats them, over both connections; the
 * leader is asked by place for whatever did not arrive: what was there before, a gap, and once a second the next place,
 * so that silence is never mistaken for "nothing new". No consumer is involved: those live on one server, can stall for
 * seconds, and cannot be made anew while JetStream elects its meta leader.
 */
import { createHash } from 'node:crypto';
import type { Stored } from '../../machines/entries.ts';
import { parseEntry } from '../../machines/entries.ts';
import { LogError } from '../../services/ports.ts';
import type { Connections } from './connections.ts';
import type { Stream } from './stream.ts';
import { storedSubjects } from './subjects.ts';

const CHECK_MS = 1_000;
const RETRY_MS = 200;
/** Places asked for at once while far behind. */
const RUN = 64;
/** Entries kept while the reader is busy; what does not fit is asked for later. */
const ARRIVED_MOST = 1_024;

export async function* follow(
  connections: Connections,
  stream: Stream,
  cluster: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Stored> {
  let next = after + 1;
  let wake = () => {};
  const arrived = new Map<number, Uint8Array>();
  const end = connections.subscribe(storedSubjects(cluster), (message) => {
    const seq = Number(message.headers?.get('Nats-Sequence'));
    if (seq >= next && arrived.size < ARRIVED_MOST) arrived.set(seq, message.data);
    wake();
  });
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => wake(), ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);

  try {
    let ask = 1;
    let waitMs = CHECK_MS;
    while (!signal.aborted) {
      const here = arrived.get(next);
      if (here) {
        arrived.delete(next);
        yield toStored(next++, here);
      } else if (ask > 0) {
        const read = await readRun(stream, next, ask);
        for (const bytes of read.entries) {
          if (signal.aborted) return;
          arrived.delete(next);
          yield toStored(next++, bytes);
        }
        ask = read.entries.length === ask ? RUN : 0;
        waitMs = read.failed ? RETRY_MS : CHECK_MS;
      } else {
        await sleep(waitMs);
        ask = arrived.has(next) ? 0 : 1;
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    end();
  }
}

/** The unbroken run of entries from `from`, at most `count`. */
async function readRun(
  stream: Stream,
  from: number,
  count: number,
): Promise<{ entries: Uint8Array[]; failed: boolean }> {
  const read = await Promise.allSettled(Array.from({ length: count }, (_, at) => stream.at(from + at)));
  const entries: Uint8Array[] = [];
  for (const result of read) {
    if (result.status === 'rejected') return { entries, failed: true };
    if (result.value === null) break;
    entries.push(result.value);
  }
  return { entries, failed: false };
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function toStored(seq: number, bytes: Uint8Array): Stored {
  try {
    return { seq, hash: hashOf(bytes), entry: parseEntry(JSON.parse(Buffer.from(bytes).toString('utf8'))) };
  } catch (cause) {
    throw new LogError(seq, cause);
  }
}
