/**
 * A watchdog for machines without /dev/watchdog, as a program of its own:
 *
 *     node process-watchdog.ts --socket PATH --timeout-ms W [--on-expiry PROGRAM ARGUMENT…]
 *
 * It stands in for hardware, so run it where the machine's own trouble does not reach it (outside of its namespace or
 * virtual machine, above its priorities), and start it anew with the machine's power: one life of this process is one
 * life of the machine. Unpetted for W after the first pet it runs PROGRAM (no shell) until that succeeds, then ends with
 * exit code 0; without PROGRAM its end is the signal.
 *
 * Lines: on connection it says `timeout <W>`. `pet <p>`, p being the petter's CLOCK_BOOTTIME in ms, is answered
 * `petted <p>` and moves the expiry to p + W. Nothing disarms it, least of all a closed connection.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootTimeClock } from '../clock/clock.ts';
import { onLines } from './lines.ts';
import { listenAlone } from './listen.ts';

const COMMAND_TIMEOUT_MS = 10_000;
const COMMAND_AGAIN_MS = 500;
/** A petter, its successor while it still closes, and a person looking. */
const MAX_CONNECTIONS = 8;

const { socket: path, timeoutMs, command } = readArguments(process.argv.slice(2));
const now = bootTimeClock();
let expiresMs = Number.POSITIVE_INFINITY;
let expired = false;

try {
  setPriority(-15);
} catch {
  // Not permitted: whoever started it chose.
}
const server = await listenAlone(path, accept).catch((error: Error) => refuse(error.message));
server.maxConnections = MAX_CONNECTIONS;
say(`listening on ${path}, timeout ${timeoutMs} ms`);

function accept(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.write(`timeout ${timeoutMs}\n`);
  onLines(socket, (line) => {
    const said = /^pet (\d{1,15}(?:\.\d+)?)$/.exec(line)?.[1];
    if (said === undefined) return void socket.destroy();
    // The moment of the pet counts, not of its arrival: a pet that waited here while we were starved buys no time.
    const pettedMs = Math.min(Number(said), now());
    // And one given after the expiry is too late, even if we were too slow to act on it.
    if (expired || pettedMs >= expiresMs) return;
    if (expiresMs === Number.POSITIVE_INFINITY) arm(pettedMs + timeoutMs);
    else expiresMs = Math.max(expiresMs, pettedMs + timeoutMs);
    socket.write(`petted ${said}\n`);
  });
}

function arm(atMs: number): void {
  expiresMs = atMs;
  say('armed');
  watch();
}

function watch(): void {
  // Judged only after the sockets have been read once more: pets given in time may still be waiting in them.
  setTimeout(() => setImmediate(judge), Math.max(1, Math.ceil(expiresMs - now())));
}

function judge(): void {
  if (now() < expiresMs) {
    watch();
    return;
  }
  expired = true;
  say(`not petted for ${timeoutMs} ms: expired${command ? `, running ${command.join(' ')}` : ''}`);
  if (command) strike(command);
  else end();
}

/** A machine that was not stopped can still write, so this never gives up. */
function strike(argv: readonly [string, ...string[]]): void {
  const [program, ...rest] = argv;
  const child = spawn(program, rest, { stdio: 'inherit', timeout: COMMAND_TIMEOUT_MS, killSignal: 'SIGKILL' });
  const again = (why: string) => {
    say(`${program} ${why}; trying again`);
    setTimeout(() => strike(argv), COMMAND_AGAIN_MS);
  };
  child.once('error', (error) => again(`cannot be run: ${error.message}`));
  child.once('exit', (code, signal) => (code === 0 ? end() : again(`ended with ${signal ?? code}`)));
}

function end(): never {
  rmSync(path, { force: true });
  process.exit(0);
}

function readArguments(given: string[]): { socket: string; timeoutMs: number; command: [string, ...string[]] | null } {
  const cut = given.indexOf('--on-expiry');
  const [options, argv] = cut < 0 ? [given, null] : [given.slice(0, cut), given.slice(cut + 1)];
  const { values } = parseArgs({
    args: options,
    options: { socket: { type: 'string' }, 'timeout-ms': { type: 'string' } },
  });
  const timeoutMs = Number(values['timeout-ms']);
  if (!values.socket || !Number.isInteger(timeoutMs) || timeoutMs < 1) {
    return refuse('usage: --socket PATH --timeout-ms MILLISECONDS [--on-expiry PROGRAM ARGUMENT…]');
  }
  const [program, ...rest] = argv ?? [];
  // Found out now, not at the one moment it is needed.
  if (argv && (program === undefined || !executable(program)))
    return refuse(`--on-expiry: no such program: ${program ?? ''}`);
  return { socket: values.socket, timeoutMs, command: program === undefined ? null : [program, ...rest] };
}

function executable(program: string): boolean {
  const places = program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  return places.some((place) => {
    try {
      accessSync(join(place, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function say(what: string): void {
  console.log(`${new Date().toISOString()} watchdog: ${what}`);
}

function refuse(why: string): never {
  console.error(`process-watchdog: ${why}`);
  process.exit(2);
}
