/** An invented JetStream: one stream, reachable from a node while it can reach a majority. */
import { createHash } from 'node:crypto';
import { type Entry, parseEntry, type Stored } from '../machines/entries.ts';
import type { Log } from '../services/ports.ts';
import type { Scheduler } from './scheduler.ts';

export interface Stream {
  log(node: string): Log;
  all(): readonly Stored[];
}

const APPEND_MS = 3;
const DELIVER_MS = 1;

export function createStream(scheduler: Scheduler, reachable: (node: string) => boolean): Stream {
  const entries: Stored[] = [];
  const waiters = new Set<() => void>();
  const delay = (ms: number) => new Promise<void>((resolve) => scheduler.at(scheduler.now() + ms, resolve));

  return {
    all: () => entries,
    log: (node) => ({
      async append(draft, head, by, signal) {
        while (!reachable(node)) {
          if (signal.aborted) return { kind: 'unknown', reason: 'no quorum' };
          await delay(50);
        }
        await delay(APPEND_MS);
        if (entries.length !== head.seq) return { kind: 'conflict' };
        const seq = head.seq + 1;
        const entry = parseEntry({
          specversion: '1.0',
          id: `${by.epoch}.${seq}`,
          type: draft.type,
          source: by.node,
          subject: draft.subject,
          time: new Date(by.atMs).toISOString(),
          epoch: by.epoch,
          cause: draft.cause,
          prevhash: head.hash,
          data: JSON.parse(JSON.stringify(draft.data)),
        }) as Entry;
        const stored = { seq, hash: createHash('sha256').update(JSON.stringify(entry)).digest('hex'), entry };
        entries.push(stored);
        for (const wake of waiters) scheduler.at(scheduler.now() + DELIVER_MS, wake);
        waiters.clear();
        return { kind: 'stored', stored };
      },
      async restore(stored) {
        if (entries.length + 1 !== stored.seq) return { kind: 'conflict' };
        entries.push(stored);
        return { kind: 'stored', stored };
      },
      async lastSeq() {
        await delay(1);
        if (!reachable(node)) throw new Error('no quorum');
        return entries.length;
      },
      async *follow(seq, signal) {
        for (let next = seq; !signal.aborted; ) {
          if (next < entries.length && reachable(node)) yield entries[next++]!;
          else if (next < entries.length) await delay(50);
          else
            await new Promise<void>((resolve) => {
              waiters.add(resolve);
              signal.addEventListener('abort', () => resolve(), { once: true });
            });
        }
      },
    }),
  };
}
