/** A node's journal, only read: nothing in it is migrated, repaired or locked for long. */
import Database from 'better-sqlite3';
import type { Fleet } from '../../machines/fleet.ts';
import { failure, RekindleError } from '../../services/errors.ts';
import type { Raw } from '../../sim/replay/chain.ts';

export interface JournalCheckpoint {
  readonly seq: number;
  readonly stateHash: string;
  /** Null when it cannot be read any more. */
  readonly fleet: Fleet | null;
}

/** Version of the schema in adapters/sqlite/journal.ts. */
const KNOWN = 2;

export interface OpenJournal {
  readonly checkpoint: JournalCheckpoint | null;
  readonly items: Iterable<Raw>;
  close(): void;
}

/** Throws JOURNAL_IN_USE while a rekindled holds it, STATE_TOO_NEW, or REPLAY_UNREADABLE for a file that is no journal. */
export function openJournalReadOnly(file: string): OpenJournal {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 200 });
    const found = Number(db.pragma('user_version', { simple: true }));
    if (found > KNOWN) throw failure('STATE_TOO_NEW', { file, found, known: KNOWN });
    const rows = db.prepare<[], Raw>('SELECT seq, hash, bytes FROM entry ORDER BY seq');
    const checkpoint = checkpointOf(db, found);
    const opened = db;
    return { checkpoint, items: guarded(file, () => rows.iterate()), close: () => void opened.close() };
  } catch (cause) {
    db?.close();
    throw explained(file, cause);
  }
}

/** Up to version 1 of the schema its state stands in the row, since then in parts. */
function checkpointOf(db: Database.Database, version: number): JournalCheckpoint | null {
  const columns = version < 2 ? 'seq, stateHash, fleet, NULL AS made' : 'seq, stateHash, fleet, made';
  const row = db
    .prepare<[], { seq: number; stateHash: string; fleet: string; made: number | null }>(
      `SELECT ${columns} FROM checkpoint`,
    )
    .get();
  if (!row) return null;
  const { seq, stateHash, made } = row;
  const parts = () => db.prepare<[number | null], { text: string }>('SELECT text FROM part WHERE made = ? ORDER BY n');
  const text =
    made === null
      ? row.fleet
      : parts()
          .all(made)
          .map((part) => part.text)
          .join('');
  try {
    return { seq, stateHash, fleet: JSON.parse(text) as Fleet };
  } catch {
    return { seq, stateHash, fleet: null };
  }
}

function* guarded(file: string, rows: () => Iterable<Raw>): Generator<Raw> {
  try {
    yield* rows();
  } catch (cause) {
    throw explained(file, cause);
  }
}

function explained(file: string, cause: unknown): unknown {
  const code = (cause as { code?: unknown } | null)?.code;
  if (cause instanceof RekindleError || !(cause instanceof Error)) return cause;
  if (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) return failure('JOURNAL_IN_USE', { file }, cause);
  const reason = /no such table/.test(cause.message) ? 'it is a database, but no journal of Rekindle' : cause.message;
  return failure('REPLAY_UNREADABLE', { file, reason }, cause);
}
