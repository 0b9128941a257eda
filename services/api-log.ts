/**
 * The log as lines of JSON, filtered, to its end or for ever. A client that reads slowly costs a cursor and at most one
 * batch: lines are made only as fast as they are taken, from the journal.
 */
import { setImmediate } from 'node:timers/promises';
import type { Stored } from '../machines/entries.ts';
import type { ControllerView } from './api-view.ts';

export interface LogQuery {
  /** First sequence wanted. */
  readonly from: number;
  /** Entry type, or its beginning up to a dot: `guest`, `host.suspected`. */
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
  /** RFC 3339; entries before it are left out. */
  readonly since?: string | undefined;
  readonly follow: boolean;
}

/** Entries read at once. Between batches the process sees to its leases. */
const BATCH = 256;

export async function* logEntries(view: ControllerView, query: LogQuery, signal: AbortSignal): AsyncGenerator<Stored> {
  let wake = () => {};
  const stop = view.onEntry(() => wake());
  const abort = () => wake();
  signal.addEventListener('abort', abort);
  try {
    for (let next = query.from; !signal.aborted; ) {
      const end = view.fleet().seq;
      if (next > end) {
        if (!query.follow) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          // An entry that came between the reading and here has called nobody.
          if (view.fleet().seq > end || signal.aborted) resolve();
        });
        continue;
      }
      const to = Math.min(end, next + BATCH - 1);
      for (const stored of view.entries(next, to)) if (matches(stored, query)) yield stored;
      next = to + 1;
      await setImmediate();
    }
  } finally {
    stop();
    signal.removeEventListener('abort', abort);
  }
}

export async function* asLines(entries: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
}

function matches({ entry }: Stored, { type, subject, since }: LogQuery): boolean {
  return (
    (type === undefined || entry.type === type || entry.type.startsWith(`${type}.`)) &&
    (subject === undefined || entry.subject === subject) &&
    (since === undefined || Date.parse(entry.time) >= Date.parse(since))
  );
}
