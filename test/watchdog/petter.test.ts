import { once } from 'node:events';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openPetter } from '../../adapters/watchdog/client.ts';
import { after, dial, now, pettersOf, runDir, start, startWatchdog, until } from './programs.ts';

const W = 200;
/** For tests in which nothing may expire, however busy the machine that runs them. */
const PATIENT = 800;

/** Listens where the watchdog would, writes down every pet and answers it. */
async function recordingWatchdog(directory: string, timeoutMs = W) {
  const path = join(directory, 'watchdog.sock');
  const pets: { readonly pettedMs: number; readonly heardMs: number }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(`timeout ${timeoutMs}\n`);
    socket.on('data', (chunk) => {
      for (const [, pettedMs] of String(chunk).matchAll(/pet (\S+)\n/g)) {
        pets.push({ pettedMs: Number(pettedMs), heardMs: now() });
        socket.write(`petted ${pettedMs}\n`);
      }
    });
  }).listen(path);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return { path, pets };
}

async function startPetter(directory: string, watchdog: string, timeoutMs = W) {
  const petter = start('petter', '--run', directory, '--timeout-ms', String(timeoutMs), '--process', watchdog);
  const socket = join(directory, 'petter.sock');
  await until(() => petter.said().includes('petting'));
  return { ...petter, socket };
}

const say = { info() {}, warn() {}, error() {} };
const open = (directory: string, watchdog: string, watchdogMs = W) => {
  const client = openPetter(
    { runDir: directory, watchdog: { kind: 'process', socket: watchdog }, times: { watchdogMs } },
    say,
  );
  onTestFinished(() => client.close());
  return client;
};

test('it tells the daemon what is armed only once that is so, and when it is so no more', async () => {
  const directory = runDir();
  const client = open(directory, join(directory, 'watchdog.sock'));
  await after(300);
  expect(client.armed()).toBeNull();
  const watchdog = await startWatchdog(directory, W);
  await after(200);
  expect(client.armed()).toBeNull();
  client.setUntil(now() + 60_000);
  await until(() => client.armed());
  expect(client.armed()).toEqual({ timeoutMs: W, what: `process ${watchdog.socket}` });
  watchdog.child.kill('SIGKILL');
  await until(() => client.armed() === null);
});

test('a watchdog that hangs is not taken for one that guards', async () => {
  const directory = runDir();
  const watchdog = await startWatchdog(directory, W);
  const client = open(directory, watchdog.socket);
  client.setUntil(now() + 60_000);
  await until(() => client.armed());
  watchdog.child.kill('SIGSTOP');
  await until(() => client.armed() === null);
});

test('a watchdog of another timeout is refused without arming it', async () => {
  const directory = runDir();
  const { path, pets } = await recordingWatchdog(directory, 2 * W);
  const { socket } = await startPetter(directory, path);
  const daemon = await dial(socket);
  daemon.send(`until ${now() + 60_000}`);
  await expect.poll(daemon.line).toBe(`none ${path} reads back a timeout of ${2 * W} ms, not of ${W} ms`);
  await after(2 * W);
  expect(pets).toEqual([]);
});

test('the petter is started by the first daemon, kept by the next, and started anew when it dies, in time to save the machine', async () => {
  const directory = runDir();
  const watchdog = await startWatchdog(directory, 2_000);
  const plan = {
    runDir: directory,
    watchdog: { kind: 'process', socket: watchdog.socket } as const,
    times: { watchdogMs: 2_000 },
  };
  const first = openPetter(plan, say);
  first.setUntil(now() + 60_000);
  await until(() => first.armed());
  const [petter, ...more] = pettersOf(directory);
  expect(more).toEqual([]);
  expect(statSync(join(directory, 'petter.sock')).mode & 0o777).toBe(0o700);
  first.close();

  const second = openPetter(plan, say);
  onTestFinished(() => second.close());
  await until(() => second.armed());
  expect(pettersOf(directory)).toEqual([petter]);
  second.setUntil(now() + 60_000);

  process.kill(petter!, 'SIGKILL');
  await until(() => second.armed() && pettersOf(directory)[0] !== petter);
  await after(2_200);
  expect(watchdog.child.exitCode).toBeNull();
  expect(pettersOf(directory)).toHaveLength(1);
});

test('a second petter is refused', async () => {
  const directory = runDir();
  const { path } = await recordingWatchdog(directory);
  await startPetter(directory, path);
  const second = start('petter', '--run', directory, '--timeout-ms', String(W), '--process', path);
  expect(await second.ended).toEqual([1, null]);
  expect(second.said()).toContain('already listens');
});

test('a node taken down on purpose is not reset, until a guest is granted there behind its back', async () => {
  const directory = runDir();
  const watchdog = await startWatchdog(directory, PATIENT);
  const client = open(directory, watchdog.socket, PATIENT);
  expect(await client.standDown(5_000)).toBe(true);
  client.close();
  await after(1.5 * PATIENT);
  expect(watchdog.child.exitCode).toBeNull();
  writeFileSync(join(directory, 'grants', 'g1'), '1.1');
  await watchdog.ended;
});

test('while a guest is granted, standing down is refused and changes nothing', async () => {
  const directory = runDir();
  const { path, pets } = await recordingWatchdog(directory);
  const client = open(directory, path);
  writeFileSync(join(directory, 'grants', 'g1'), '1.1');
  expect(await client.standDown(5_000)).toBe(false);
  await after(2 * W);
  expect(pets).toEqual([]);
  rmSync(join(directory, 'grants', 'g1'));
  expect(await client.standDown(5_000)).toBe(true);
  client.setUntil(now() - 1);
  await after(W / 2);
  const before = pets.length;
  await after(2 * W);
  expect(pets.length).toBe(before);
});

test('without a watchdog nothing is armed and nothing is started', async () => {
  const directory = runDir();
  const client = openPetter({ runDir: directory, watchdog: { kind: 'none' }, times: { watchdogMs: W } }, say);
  client.setUntil(now() + 1_000);
  expect(client.armed()).toBeNull();
  expect(await client.standDown(10)).toBe(false);
  expect(pettersOf(directory)).toEqual([]);
});
