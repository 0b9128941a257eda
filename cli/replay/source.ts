/** Where a log to be replayed comes from: lines of `rekindle log --json`, a node's journal, or the daemon that runs here. */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import type { Stored } from '../../machines/entries.ts';
import { failure } from '../../services/errors.ts';
import type { Raw } from '../../sim/replay/chain.ts';
import type { Api } from '../client.ts';
import { type JournalCheckpoint, openJournalReadOnly } from './journal.ts';

export interface LogSource {
  /** As a person would name it. */
  readonly name: string;
  /** What a node remembered of its own fold; null where the source has none. */
  readonly checkpoint: JournalCheckpoint | null;
  /** Entries in order: lines as they were printed, or what the journal stores. */
  readonly items: AsyncIterable<Raw | string> | Iterable<Raw | string>;
  close(): void;
}

/** Longer than any entry (adapters/config/cluster-file.ts bounds the longest, the cluster file). */
const LONGEST_LINE = 4 << 20;
const SQLITE_MAGIC = 'SQLite format 3\0';

/** `file`: a path, `-` for standard input, undefined for the daemon. Throws REPLAY_UNREADABLE, JOURNAL_IN_USE, STATE_TOO_NEW. */
export function openSource(file: string | undefined, api: () => Api): LogSource {
  if (file === undefined) return { name: 'the log of this node', checkpoint: null, items: ofDaemon(api()), close() {} };
  if (file === '-') return { name: 'standard input', checkpoint: null, items: linesOf(process.stdin, '-'), close() {} };
  if (isSqlite(file)) return { name: file, ...openJournalReadOnly(file) };
  const stream = createReadStream(file);
  return { name: file, checkpoint: null, items: linesOf(stream, file), close: () => void stream.destroy() };
}

async function* ofDaemon(api: Api): AsyncGenerator<string> {
  const entries = api.lines<Stored>('/v1/log', { from: '1' }, new AbortController().signal);
  for await (const stored of entries) yield JSON.stringify(stored);
}

/** A line that is only begun is given too: whoever reads it sees that it is cut off. */
async function* linesOf(chunks: AsyncIterable<Buffer | string>, file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  try {
    for await (const chunk of chunks) {
      const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > LONGEST_LINE) throw new Error('a line is longer than any entry can be');
    }
  } catch (cause) {
    throw failure('REPLAY_UNREADABLE', { file, reason: reasonOf(cause) }, cause);
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

function isSqlite(file: string): boolean {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const start = Buffer.alloc(SQLITE_MAGIC.length);
      return readSync(descriptor, start) === start.length && start.toString('latin1') === SQLITE_MAGIC;
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw failure('REPLAY_UNREADABLE', { file, reason: reasonOf(cause) }, cause);
  }
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return message;
}
