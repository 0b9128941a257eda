/** `rekindle down` ends a process, and only when that costs no guest its protection. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runningPid } from '../../cli/daemon.ts';
import { rekindle } from '../../cli/rekindle.ts';
import { recorder } from './terminal.ts';

let run: string;
let daemon: ChildProcess | null = null;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'rekindle-down-'));
});
afterEach(async () => {
  daemon?.kill('SIGKILL');
  daemon = null;
  await rm(run, { recursive: true });
});

async function startDaemon(node: string, ...more: string[]): Promise<ChildProcess> {
  daemon = fork(fileURLToPath(new URL('rekindled.ts', import.meta.url)), [run, node, ...more]);
  await once(daemon, 'message');
  return daemon;
}

async function down(...args: string[]) {
  const terminal = recorder();
  const code = await rekindle(['--run', run, '--state', run, 'down', ...args], terminal);
  return { code, out: terminal.said.join('\n'), err: terminal.complained.join('\n') };
}

const ended = () => readFile(join(run, 'ended'), 'utf8');

test('with guests here it refuses and names them', async () => {
  const { pid } = await startDaemon('h3');
  const { code, err } = await down();
  expect(code).toBe(4);
  expect(err).toContain('g1 would be left without protection on h3');
  expect(runningPid(run)).toBe(pid);
});

test('--leave-guests ends it all the same', async () => {
  await startDaemon('h3');
  expect((await down('--leave-guests')).code).toBe(0);
  expect(await ended()).toBe('asked');
});

test('without guests it asks the daemon to end and waits until it has', async () => {
  const { pid } = await startDaemon('h2');
  const { code, out } = await down();
  expect([code, out]).toEqual([0, `rekindled, process ${pid}, has stopped`]);
  expect(await ended()).toBe('asked');
  expect(runningPid(run)).toBeNull();
});

test('a daemon that cannot be asked is signalled', async () => {
  await startDaemon('h2', 'deaf');
  expect((await down()).code).toBe(0);
  expect(await ended()).toBe('signalled');
});

test('where none runs it says so, and a pid file left by a crash harms nobody', async () => {
  expect(await down()).toMatchObject({ code: 0, out: 'rekindled does not run here' });
  await writeFile(join(run, 'rekindled.pid'), String(process.pid));
  expect(await down()).toMatchObject({ code: 0, out: 'rekindled does not run here' });
});
