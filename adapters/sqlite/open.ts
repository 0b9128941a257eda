/** One SQLite file of this node's state, opened so that it can be relied on or not at all. */
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { failure, RekindleError } from '../../services/errors.ts';

const LOCK_WAIT_MS = 200;

export interface StatePlan {
  readonly file: string;
  /** SQL of each schema version, oldest first; a file of an older version is brought up by those it lacks. */
  readonly schema: readonly string[];
  /**
   * `registers`: rollback journal, FULL. `copy`: WAL, NORMAL. Both reach the disk in order; only `registers` has reached
   * it when a call returns.
   *
   * Why no WAL for registers, though it would save two of three syncs: recovery takes a WAL up to its first damaged
   * frame and silently forgets the rest, and a file copied or restored without its `-wal` goes back in time. A register
   * that goes back is the one fault the leases cannot survive (docs/safety.md, A3). In a rollback journal a commit is
   * in the file itself. PERSIST, since there the journal is ended by overwriting its head, which is synced: a deleted
   * journal's directory entry could return after a power loss and undo the commit. Writes are rare (a campaign, a fence,
   * a start) and cost about half a millisecond; reads are many and cost no sync.
   */
  readonly durability: 'registers' | 'copy';
  /** False: a missing file is an error, not a new beginning. */
  readonly create: boolean;
}

export interface State {
  readonly db: Database.Database;
  /** Runs `action` in one transaction that is on disk (`registers`) or ordered (`copy`) when this returns. */
  write<T>(action: () => T): T;
  read<T>(action: () => T): T;
  close(): void;
}

/** Throws STATE_MISSING, STATE_IN_USE, STATE_CORRUPT, STATE_TOO_NEW, STATE_DISK_FULL, STATE_UNUSABLE; so do its methods. */
export function openState({ file, schema, durability, create }: StatePlan): State {
  const explain = (cause: unknown) => explained(file, cause);
  let db: Database.Database;
  try {
    if (!existsSync(file)) {
      if (!create) throw failure('STATE_MISSING', { file });
      createEmpty(file);
    }
    db = new Database(file, { timeout: LOCK_WAIT_MS });
  } catch (cause) {
    throw explain(cause);
  }
  try {
    // Held from the first access to the end of the process: nobody else can change what we have read.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma(durability === 'registers' ? 'journal_mode = PERSIST' : 'journal_mode = WAL');
    db.pragma(durability === 'registers' ? 'synchronous = FULL' : 'synchronous = NORMAL');
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    migrate(db, file, schema);
    if (durability === 'registers') {
      const report = db.pragma('integrity_check', { simple: true });
      if (report !== 'ok') throw failure('STATE_CORRUPT', { file, reason: String(report) });
    }
  } catch (cause) {
    db.close();
    throw explain(cause);
  }

  let broken: RekindleError | null = null;
  const guarded = <T>(action: () => T): T => {
    if (broken) throw broken;
    try {
      return action();
    } catch (cause) {
      const error = explain(cause);
      // After a failed sync the kernel may call the same pages clean: a retry could succeed and still lose them. Only
      // what a new process reads from the disk can be trusted again.
      if (error instanceof RekindleError && error.code === 'STATE_UNUSABLE') broken = error;
      throw error;
    }
  };
  return {
    db,
    write: (action) => guarded(() => db.transaction(action).immediate()),
    read: guarded,
    close: () => db.close(),
  };
}

function createEmpty(file: string): void {
  closeSync(openSync(file, 'wx', 0o600));
  const directory = openSync(dirname(file), 'r');
  try {
    // Without this a power loss may take the directory entry, and with it every register, away again.
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function migrate(db: Database.Database, file: string, schema: readonly string[]): void {
  const found = Number(db.pragma('user_version', { simple: true }));
  if (found > schema.length) throw failure('STATE_TOO_NEW', { file, found, known: schema.length });
  if (found === schema.length) return;
  db.transaction(() => {
    for (const step of schema.slice(found)) db.exec(step);
    db.pragma(`user_version = ${schema.length}`);
  }).immediate();
}

/** What went wrong in a person's terms; what is no trouble of the file comes back as it is. */
function explained(file: string, cause: unknown): unknown {
  const code = (cause as { code?: unknown } | null)?.code;
  if (cause instanceof RekindleError || typeof code !== 'string') return cause;
  const reason = cause instanceof Error ? cause.message : code;
  if (code.startsWith('SQLITE_BUSY')) return failure('STATE_IN_USE', { file }, cause);
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return failure('STATE_CORRUPT', { file, reason }, cause);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') return failure('STATE_DISK_FULL', { file }, cause);
  if (/^SQLITE_(IOERR|CANTOPEN|READONLY)/.test(code) || /^E[A-Z]+$/.test(code)) {
    return failure('STATE_UNUSABLE', { file, reason }, cause);
  }
  return cause;
}
