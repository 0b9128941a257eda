import Database from 'better-sqlite3';
import { failure } from '../../services/errors.ts';

/**
 * One daemon per state directory. The kernel drops the lock with the process, however it ends, so there is no stale
 * one to clear away. Keep the result for as long as the lock is meant to last: dropped, it is closed with the garbage.
 * A write lock is held for good and lets others read who holds it. (Nothing in this process may open the file by other
 * means: closing it once would drop the lock.) Throws DAEMON_RUNNING.
 */
export function lockNode(file: string): { release(): void } {
  const db = new Database(file, { timeout: 0 });
  try {
    db.pragma('journal_mode = PERSIST');
    db.exec(
      `BEGIN IMMEDIATE;
       CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 0), pid INTEGER NOT NULL) STRICT;
       INSERT OR REPLACE INTO holder VALUES (0, ${process.pid});
       COMMIT;
       BEGIN IMMEDIATE;`,
    );
  } catch (cause) {
    const busy = (cause as { code?: string }).code?.startsWith('SQLITE_BUSY');
    const pid = busy ? holder(db) : null;
    db.close();
    throw busy ? failure('DAEMON_RUNNING', { pid: pid ?? 'unknown' }, cause) : cause;
  }
  return { release: () => void db.close() };
}

function holder(db: Database.Database): number | undefined {
  try {
    return db.prepare<[], number>('SELECT pid FROM holder').pluck().get();
  } catch {
    // It is only just starting.
    return undefined;
  }
}
