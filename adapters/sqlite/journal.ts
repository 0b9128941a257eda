/**
 * A controller's copy of the log. It is what a damaged log is repaired from, so it keeps each entry's exact bytes and
 * never hands out one that does not hash to its place in the chain.
 */
import { createHash } from 'node:crypto';
import { parseEntry, type Stored } from '../../machines/entries.ts';
import { type Fleet, GENESIS_HASH } from '../../machines/fleet.ts';
import { jsonParts } from '../../machines/state-hash.ts';
import { failure, RekindleError } from '../../services/errors.ts';
import type { Journal } from '../../services/ports.ts';
import { openState, type State } from './open.ts';

const SCHEMA = [
  `CREATE TABLE entry (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, bytes TEXT NOT NULL) STRICT;
   CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 0), seq INTEGER NOT NULL, stateHash TEXT NOT NULL, fleet TEXT NOT NULL) STRICT;`,
  // A checkpoint in parts, each small enough to be written between two renewals of a lease. `made` tells one from the next.
  `CREATE TABLE part (made INTEGER NOT NULL, n INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (made, n)) STRICT;
   ALTER TABLE checkpoint ADD COLUMN made INTEGER;`,
];

interface Row {
  readonly seq: number;
  readonly hash: string;
  readonly bytes: string;
}
interface Head {
  readonly seq: number;
  readonly hash: string;
}
interface Checkpoint {
  readonly seq: number;
  readonly stateHash: string;
  readonly fleet: Fleet;
}

const START: Head = { seq: 0, hash: GENESIS_HASH };
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * Checks the chain from the checkpoint to the end, which every start folds anyway; what lies before it is checked
 * whenever it is read. Checking all of it here would keep a restarting daemon from its lease for seconds. Throws as
 * openState, JOURNAL_CORRUPT for what is wrong inside; nothing is ever deleted or moved.
 */
export function openJournal(file: string): Journal & { close(): void } {
  const corrupt = (reason: string, cause?: unknown) => failure('JOURNAL_CORRUPT', { file, reason }, cause);
  /** A broken page and a broken chain have the same remedy. */
  const asJournal = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      if (cause instanceof RekindleError && cause.code === 'STATE_CORRUPT')
        throw corrupt(String(cause.about.reason), cause);
      throw cause;
    }
  };

  const state = asJournal(() => openState({ file, schema: SCHEMA, durability: 'copy', create: true }));
  const { db } = state;
  const sql = {
    last: db.prepare<[], Head>('SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1'),
    at: db.prepare<[number], Head>('SELECT seq, hash FROM entry WHERE seq = ?'),
    range: db.prepare<[number, number], Row>(
      'SELECT seq, hash, bytes FROM entry WHERE seq BETWEEN ? AND ? ORDER BY seq',
    ),
    add: db.prepare<[number, string, string]>('INSERT INTO entry VALUES (?, ?, ?)'),
    checkpoint: db.prepare<[], { seq: number; stateHash: string; fleet: string; made: number | null }>(
      'SELECT seq, stateHash, fleet, made FROM checkpoint',
    ),
    setCheckpoint: db.prepare<[number, string, number]>("INSERT OR REPLACE INTO checkpoint VALUES (0, ?, ?, '', ?)"),
    parts: db.prepare<[number], { text: string }>('SELECT text FROM part WHERE made = ? ORDER BY n'),
    putPart: db.prepare<[number, number, string]>('INSERT INTO part VALUES (?, ?, ?)'),
    lastMade: db.prepare<[], { made: number | null }>('SELECT max(made) AS made FROM part'),
    oldPart: db.prepare<[number], { made: number; n: number }>('SELECT made, n FROM part WHERE made <> ? LIMIT 1'),
    dropPart: db.prepare<[number, number]>('DELETE FROM part WHERE made = ? AND n = ?'),
  };
  const read = <T>(action: () => T) => asJournal(() => state.read(action));
  const write: State['write'] = (action) => asJournal(() => state.write(action));
  const headAt = (seq: number) => (seq === 0 ? START : sql.at.get(seq));

  /** Entries after `before`, checked against the chain. */
  const chained = (before: Head, toSeq: number): Stored[] => {
    let { seq, hash } = before;
    const entries: Stored[] = [];
    for (const row of sql.range.iterate(seq + 1, toSeq)) {
      if (row.seq !== seq + 1) throw corrupt(`entry ${seq + 1} is missing`);
      if (sha256(row.bytes) !== row.hash) throw corrupt(`entry ${row.seq} does not have its hash any more`);
      const stored = { seq: row.seq, hash: row.hash, entry: parsed(row) };
      if (stored.entry.prevhash !== hash) throw corrupt(`entry ${row.seq} does not follow entry ${seq}`);
      entries.push(stored);
      ({ seq, hash } = row);
    }
    return entries;
  };
  const parsed = ({ seq, bytes }: Row) => {
    try {
      return parseEntry(JSON.parse(bytes));
    } catch (cause) {
      throw corrupt(`entry ${seq} cannot be read by this version`, cause);
    }
  };
  const checkpoint = (): Checkpoint | null => {
    const row = sql.checkpoint.get();
    if (!row) return null;
    const { seq, stateHash, fleet, made } = row;
    const text =
      made === null
        ? fleet
        : sql.parts
            .all(made)
            .map((part) => part.text)
            .join('');
    return { seq, stateHash, fleet: JSON.parse(text) as Fleet };
  };

  function* checkpointInSteps({ seq, stateHash, fleet }: Checkpoint): Generator<void> {
    const made = (read(() => sql.lastMade.get())?.made ?? 0) + 1;
    let n = 0;
    for (const text of jsonParts(fleet, 'in-order')) {
      write(() => sql.putPart.run(made, n, text));
      n += 1;
      yield;
    }
    write(() => sql.setCheckpoint.run(seq, stateHash, made));
    // Of the last one, and of any that was given up.
    for (let old = read(() => sql.oldPart.get(made)); old; old = read(() => sql.oldPart.get(made))) {
      yield;
      const { made: before, n: at } = old;
      write(() => sql.dropPart.run(before, at));
    }
  }

  const check = (): Head => {
    const last = sql.last.get() ?? START;
    const from = checkpoint();
    const before = from === null ? START : headAt(from.seq);
    if (!before || (from && from.fleet.hash !== before.hash))
      throw corrupt(`its checkpoint at ${from?.seq} is not of these entries`);
    chained(before, last.seq);
    return last;
  };
  let head: Head;
  try {
    head = read(check);
  } catch (cause) {
    state.close();
    throw cause instanceof SyntaxError ? corrupt('its checkpoint is damaged', cause) : cause;
  }

  return {
    head: () => head,

    /** All or none. Entries already held are passed over. Throws JOURNAL_REFUSED for one that does not continue the chain. */
    add(entries) {
      const end = write(() => {
        let { seq, hash } = head;
        for (const stored of entries) {
          const refuse = (reason: string) => failure('JOURNAL_REFUSED', { file, seq: stored.seq, reason });
          if (stored.seq <= seq) {
            if (sql.at.get(stored.seq)?.hash !== stored.hash) throw refuse('another entry is held in its place');
            continue;
          }
          if (stored.seq !== seq + 1 || stored.entry.prevhash !== hash) throw refuse(`it does not follow entry ${seq}`);
          const bytes = JSON.stringify(stored.entry);
          if (sha256(bytes) !== stored.hash) throw refuse('its bytes do not have its hash');
          sql.add.run(stored.seq, stored.hash, bytes);
          ({ seq, hash } = stored);
        }
        return { seq, hash };
      });
      head = end;
    },

    /** Both ends included, as far as held. */
    read(fromSeq, toSeq) {
      return read(() => {
        const before = headAt(Math.max(0, fromSeq - 1));
        if (before) return chained(before, toSeq);
        if (fromSeq - 1 > head.seq) return [];
        throw corrupt(`entry ${fromSeq - 1} is missing`);
      });
    },

    checkpoint: () => read(checkpoint),

    setCheckpoint(checkpoint) {
      for (const _ of checkpointInSteps(checkpoint));
    },
    checkpointInSteps,

    close: () => state.close(),
  };
}
