/** Starts the real programs, and ends whatever of them is left when the test ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished, vi } from 'vitest';
import { bootTimeClock } from '../../adapters/clock/clock.ts';

export const now = bootTimeClock();
const program = (name: string) => new URL(`../../adapters/watchdog/${name}.ts`, import.meta.url).pathname;

export function runDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-run-'));
  onTestFinished(() => {
    // Petters are meant to outlive whoever started them.
    for (const pid of pettersOf(directory)) process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  mkdirSync(join(directory, 'grants'));
  return directory;
}

export function pettersOf(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return (
          args.some((arg) => arg.endsWith('/petter.ts')) && args.includes(directory) && !args[0]!.endsWith('flock')
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<[number | null]>;
  said(): string;
}

export function start(name: 'petter' | 'process-watchdog', ...args: string[]): Started {
  const child = spawn(process.execPath, [program(name), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, said: () => said };
}

export async function startWatchdog(directory: string, timeoutMs: number, ...onExpiry: string[]) {
  const socket = join(directory, 'watchdog.sock');
  const watchdog = start('process-watchdog', '--socket', socket, '--timeout-ms', String(timeoutMs), ...onExpiry);
  await until(() => watchdog.said().includes('listening on'));
  return { ...watchdog, socket };
}

export const until = (condition: () => unknown) => vi.waitUntil(condition, { interval: 5, timeout: 15_000 });
export const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A connection whose lines can be awaited one by one. */
export async function dial(
  path: string,
): Promise<{ socket: Socket; line: () => Promise<string>; send: (line: string) => void }> {
  const socket = connect(path);
  await once(socket, 'connect');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    socket,
    line: async () => (await lines.next()).value ?? '(closed)',
    send: (line) => void socket.write(`${line}\n`),
  };
}
