/** `rekindle replay` as a person uses it. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { openJournal } from '../../adapters/sqlite/journal.ts';
import { rekindle } from '../../cli/rekindle.ts';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet } from '../../machines/fleet.ts';
import { fold } from '../../machines/fold.ts';
import { stateHash } from '../../machines/state-hash.ts';
import { serveApi } from '../../services/api-serve.ts';
import { testView } from '../api/fixture.ts';
import { recorder } from '../cli/terminal.ts';
import { scratch } from '../sqlite/scratch.ts';

vi.setConfig({ testTimeout: 120_000 });
const log = fileURLToPath(new URL('shop.jsonl', import.meta.url));
const entries = readFileSync(log, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Stored);
const endHash = stateHash(fold(emptyFleet, entries));

async function run(...args: string[]) {
  const terminal = recorder();
  const code = await rekindle(['replay', ...args], terminal);
  return { code, out: terminal.said.join('\n'), err: terminal.complained.join('\n') };
}

test('says that the log is whole, to which state it folds, and shows the cluster', async () => {
  const { code, out } = await run(log);
  expect(code).toBe(0);
  expect(out).toContain('entries 1 to 44, 2026-01-01 00:00:01.315 to 2026-01-01 00:04:30.108 UTC: whole');
  expect(out).toContain(`state hash  ${endHash}`);
  expect(out).toMatch(/^h2 +running +yes/m);
});

test('--until shows the cluster as it was, --why how it had come to that', async () => {
  const { out } = await run(log, '--until', '2026-01-01T00:01:01.131Z');
  expect(out).toMatch(/as of entry 17/);
  expect(out).toMatch(/^h1 +suspect .*silent for 1\.3 s/m);
  expect(out).toMatch(/^web +suspect +h1/m);
  const why = await run(log, '--until', '25', '--why', 'guest/web');
  expect(why.out).toMatch(/web is running on h3[\s\S]*h1 is proven stopped \(R2\)[\s\S]*h1 has been silent/);
  expect((await run(log, '--why', 'guest/wbe')).err).toContain('there is no guest/wbe in this cluster');
});

test('--json is one object with the status as of then', async () => {
  const { out } = await run(log, '--until', '17', '--json');
  expect(JSON.parse(out)).toMatchObject({
    seq: 17,
    hash: entries[16]!.hash,
    stateHash: stateHash(fold(emptyFleet, entries.slice(0, 17))),
    status: { hosts: [{ name: 'h1', state: 'suspect' }, {}, {}] },
  });
});

test('a damaged log: the place, what is good, and an exit code', async () => {
  const file = join(scratch(), 'log.jsonl');
  writeFileSync(file, readFileSync(log, 'utf8').replace('"detail":"died"', '"detail":"lied"'));
  const { code, out, err } = await run(file);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(
    /entry 27: it does not have its hash any more\. Entries 1 to 26 are good and fold to state [0-9a-f]{12}: --until 26/,
  );
  expect((await run(file, '--until', '26')).code).toBe(0);
});

test.each([
  [['/nowhere/log'], 2, 'there is no such file'],
  [['.'], 2, 'it is a directory'],
  [[log, '--until', 'yesterday'], 2, 'Write the number of an entry'],
  [[log, '--what-if', 'profle=standard'], 2, 'did you mean "profile"?'],
  [[log, '--until', '15', '--what-if', 'profile=wan'], 2, 'nothing happened in it'],
  [[log, '--why', 'guest/web', '--what-if', 'profile=wan'], 2, 'cannot be used with'],
  [[log, '--until', '1', '--what-if', 'profile=wan'], 2, 'no cluster file'],
])('%j: exit code %i, %s', async (args, exit, said) => {
  const { code, err } = await run(...args);
  expect([code, err]).toEqual([exit, expect.stringContaining(said)]);
});

/** A node's journal with this log, and a checkpoint in the middle of it. */
function journal(): string {
  const file = join(scratch(), 'journal.sqlite');
  const made = openJournal(file);
  made.add(entries);
  const fleet = fold(emptyFleet, entries.slice(0, 30));
  made.setCheckpoint({ seq: 30, stateHash: stateHash(fleet), fleet });
  made.close();
  return file;
}
const change = (file: string, sql: string) => new Database(file).exec(sql).close();

test('a journal is read without being changed, and its checkpoint compared', async () => {
  const file = journal();
  const before = readFileSync(file);
  const { code, out } = await run(file);
  expect(code).toBe(0);
  expect(out).toContain(`state hash  ${endHash}`);
  expect(out).toContain('checkpoint  at entry 30: the same state hash');
  expect((await run(file, '--until', '29')).out).toContain('at entry 30, later than this');
  expect(readFileSync(file).equals(before)).toBe(true);
});

test.each([
  ['an altered entry', `UPDATE entry SET bytes = replace(bytes, 'died', 'lied') WHERE seq = 27`, 1, /entry 27: .* has/],
  ['a missing entry', 'DELETE FROM entry WHERE seq = 12', 1, /entry 12: it is missing/],
  [
    'another state',
    `UPDATE checkpoint SET stateHash = '${'0'.repeat(64)}'`,
    1,
    /up to 30 fold to state .*checkpoint itself is damaged/,
  ],
  ['a later schema', 'PRAGMA user_version = 9', 3, /written by a newer Rekindle/],
  ['another database', 'DROP TABLE entry', 2, /no journal of Rekindle/],
])('a journal with %s', async (_name, sql, exit, said) => {
  const file = journal();
  change(file, sql);
  const { code, err } = await run(file);
  expect(err.replace('does not have', 'has')).toMatch(said);
  expect(code).toBe(exit);
});

test('the journal of a running rekindled is left alone, and the person sent to ask it', async () => {
  const file = journal();
  const held = openJournal(file);
  const { code, err } = await run(file);
  held.close();
  expect([code, err]).toEqual([4, expect.stringContaining('run "rekindle replay" without a file')]);
});

test('without a file the rekindled of this node is asked', async () => {
  const directory = scratch();
  const view = testView();
  const close = await serveApi(view, { socket: join(directory, 'api.sock'), port: null });
  try {
    const { code, out } = await run('--run', directory, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ seq: 9, stateHash: stateHash(view.fleet()), checkpoint: null });
  } finally {
    await close();
  }
});

test('--what-if puts log, rehearsal and change beside each other, and says how far to trust it', async () => {
  const file = join(scratch(), 'copy.jsonl');
  copyFileSync(log, file);
  const { code, out } = await run(file, '--what-if', 'profile=standard', '--runs', '1');
  expect(code).toBe(0);
  expect(out).toMatch(/IN THE LOG +REHEARSED +CHANGED/);
  expect(out).toMatch(/00:00:59\.\d+ h1 loses its power\n {2}noticed after +1\.\d s +1\.\d s +[23]\.\d s/);
  expect(out).toMatch(/The rehearsal agrees with the log in all of \d+ points/);
  expect(out).toMatch(/Assumed:\n- the log stands still/);
});
