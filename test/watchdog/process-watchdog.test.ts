import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WATCHDOG_SLACK_MS } from '../../machines/times.ts';
import { after, dial, now, runDir, start, startWatchdog, until } from './programs.ts';

const W = 600;

test('armed by the first pet, it expires within W + δ of the last one, whatever happens to the connection', async () => {
  const { socket, ended } = await startWatchdog(runDir(), W);
  const petter = await dial(socket);
  expect(await petter.line()).toBe(`timeout ${W}`);
  let lastMs = 0;
  for (let n = 0; n < 6; n++) {
    lastMs = now();
    petter.send(`pet ${lastMs}`);
    expect(await petter.line()).toBe(`petted ${lastMs}`);
    await after(W / 4);
  }
  petter.socket.destroy();
  expect(await ended).toEqual([0, null]);
  const firedMs = now() - lastMs;
  expect(firedMs).toBeGreaterThanOrEqual(W);
  expect(firedMs).toBeLessThan(W + WATCHDOG_SLACK_MS);
});

test('unarmed it never expires, and says what it was told to wait', async () => {
  const { socket, child } = await startWatchdog(runDir(), 50);
  const visitor = await dial(socket);
  expect(await visitor.line()).toBe('timeout 50');
  await after(200);
  expect(child.exitCode).toBeNull();
});

test('a pet counts from the moment it was given: one held up on the way buys no time, one from the future neither', async () => {
  const { socket, ended } = await startWatchdog(runDir(), W);
  const petter = await dial(socket);
  await petter.line();
  const firstMs = now();
  petter.send(`pet ${firstMs}`);
  await petter.line();
  await after(200);
  petter.send(`pet ${firstMs + 1}`);
  await ended;
  expect(now() - firstMs).toBeLessThan(W + 1 + WATCHDOG_SLACK_MS);

  const second = await startWatchdog(runDir(), W);
  const liar = await dial(second.socket);
  const liedMs = now();
  liar.send(`pet ${liedMs + 60_000}`);
  await second.ended;
  expect(now() - liedMs).toBeLessThan(W + WATCHDOG_SLACK_MS + 100);
});

test('frozen for longer than W, it neither expires on a machine that was petted meanwhile nor forgives one that was not', async () => {
  const petted = await startWatchdog(runDir(), W);
  const petter = await dial(petted.socket);
  await petter.line();
  petter.send(`pet ${now()}`);
  await petter.line();
  petted.child.kill('SIGSTOP');
  for (let n = 0; n < 10; n++) {
    await after(W / 5);
    petter.send(`pet ${now()}`);
  }
  petted.child.kill('SIGCONT');
  expect(await petter.line()).toMatch(/^petted/);
  expect(petted.child.exitCode).toBeNull();

  petted.child.kill('SIGSTOP');
  await after(W * 1.5);
  petter.send(`pet ${now()}`);
  petted.child.kill('SIGCONT');
  expect(await petted.ended).toEqual([0, null]);
});

test('on expiry it runs its program, without a shell and again until that succeeds', async () => {
  const directory = runDir();
  const tries = join(directory, 'tries $(touch x)');
  // Succeeds the third time.
  const script = 'echo . >> "$1"; [ "$(wc -l < "$1")" -ge 3 ]';
  const { socket, ended, said } = await startWatchdog(directory, 50, '--on-expiry', 'sh', '-c', script, 'sh', tries);
  const petter = await dial(socket);
  petter.send(`pet ${now()}`);
  expect(await ended).toEqual([0, null]);
  expect(readFileSync(tries, 'utf8')).toBe('.\n.\n.\n');
  expect(said()).toMatch(/expired/);
  expect(existsSync(socket)).toBe(false);
});

test('a program that does not exist is refused at the start, not found missing at the expiry', async () => {
  const { ended, said } = start(
    'process-watchdog',
    '--socket',
    join(runDir(), 's'),
    '--timeout-ms',
    '50',
    '--on-expiry',
    '/no/such',
  );
  expect(await ended).toEqual([2, null]);
  expect(said()).toContain('/no/such');
});

test('a second watchdog on the same socket is refused, and replaces one that was killed', async () => {
  const directory = runDir();
  const first = await startWatchdog(directory, W);
  const second = start('process-watchdog', '--socket', first.socket, '--timeout-ms', String(W));
  expect(await second.ended).toEqual([2, null]);
  expect(second.said()).toContain('already listens');
  first.child.kill('SIGKILL');
  await first.ended;
  const third = start('process-watchdog', '--socket', first.socket, '--timeout-ms', '77');
  await until(() => third.said().includes('listening on'));
  expect(await (await dial(first.socket)).line()).toBe('timeout 77');
});

test('nonsense and endless lines cost the sender its connection and the watchdog nothing', async () => {
  const { socket } = await startWatchdog(runDir(), W);
  for (const line of ['hello', 'pet', 'pet -1', 'pet Infinity', `pet 1${'0'.repeat(300)}`, 'x'.repeat(5_000)]) {
    const visitor = await dial(socket);
    await visitor.line();
    visitor.send(line);
    expect(await visitor.line()).toBe('(closed)');
  }
  expect(await (await dial(socket)).line()).toBe(`timeout ${W}`);
});
