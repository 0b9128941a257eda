import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openJournal } from '../../adapters/sqlite/journal.ts';
import { chain } from '../contract/chain.ts';
import { checkpointAt } from '../contract/state.ts';
import { codeOf, scratch } from './scratch.ts';

const file = () => join(scratch(), 'journal.sqlite');
/** Changes the file as a failing disk or a meddler would. */
function tamper(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

test.each([
  ['a changed entry', `UPDATE entry SET bytes = replace(bytes, 'slow', 'fast') WHERE seq = 7`],
  ['a missing entry', 'DELETE FROM entry WHERE seq = 7'],
  ['an entry with a hash to match its change', `UPDATE entry SET hash = '${'0'.repeat(64)}' WHERE seq = 7`],
  ['a checkpoint of other entries', `UPDATE part SET text = replace(text, '"hash":"', '"hash":"00')`],
  ['a damaged checkpoint', `UPDATE part SET text = substr(text, 1, 20)`],
])('%s after the checkpoint is found at the start, and the file is left as it is', (_, sql) => {
  const path = file();
  const entries = chain(10);
  const journal = openJournal(path);
  journal.add(entries);
  journal.setCheckpoint(checkpointAt(entries[4]!));
  journal.close();
  tamper(path, sql);
  const bytes = readFileSync(path);
  expect(codeOf(() => openJournal(path))).toBe('JOURNAL_CORRUPT');
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test('damage before the checkpoint is found when it is read, never handed out', () => {
  const path = file();
  const entries = chain(10);
  let journal = openJournal(path);
  journal.add(entries);
  journal.setCheckpoint(checkpointAt(entries[8]!));
  journal.close();
  tamper(path, `UPDATE entry SET bytes = replace(bytes, 'slow', 'fast') WHERE seq = 4`);
  journal = openJournal(path);
  expect(journal.read(5, 10)).toHaveLength(6);
  expect(codeOf(() => journal.read(4, 4))).toBe('JOURNAL_CORRUPT');
  expect(codeOf(() => journal.read(1, 10))).toBe('JOURNAL_CORRUPT');
  journal.close();
});

test('a damaged page has the same remedy as a damaged chain', () => {
  const path = file();
  const journal = openJournal(path);
  journal.add(chain(100));
  journal.close();
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 4_096, bytes.length);
  writeFileSync(path, bytes);
  expect(codeOf(() => openJournal(path))).toBe('JOURNAL_CORRUPT');
});

test('a file of a newer version is left alone', () => {
  const path = file();
  openJournal(path).close();
  tamper(path, 'PRAGMA user_version = 99');
  expect(codeOf(() => openJournal(path))).toBe('STATE_TOO_NEW');
});

test('a long journal costs a restart nothing once it is checkpointed', () => {
  const path = file();
  const entries = chain(20_000);
  const journal = openJournal(path);
  for (let n = 0; n < entries.length; n += 1_000) journal.add(entries.slice(n, n + 1_000));
  journal.setCheckpoint(checkpointAt(entries.at(-1)!));
  journal.close();
  const began = performance.now();
  openJournal(path).close();
  expect(performance.now() - began).toBeLessThan(100);
});
