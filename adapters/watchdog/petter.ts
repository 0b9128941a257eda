/**
 * The petter: a tiny process of its own, so that a restart of the daemon costs nothing and a hanging daemon cannot pet.
 *
 *     node petter.ts --run DIR --timeout-ms W (--device PATH | --process SOCKET)
 *
 * It listens on DIR/petter.sock. Lines from the daemon, the newest counts:
 *   `until <ms>`   pets are allowed at p with p + W + δ ≤ ms, on CLOCK_BOOTTIME; this is the lease end E
 *   `stand-down`   pets are allowed for as long as DIR/grants holds no grant
 * and to the daemon, at connection and at each change: `armed <W> <what>` or `none <why>`; to a stand-down:
 * `standing-down` or `granted`.
 *
 * Why stand-down is safe. An armed watchdog cannot be disarmed, so a node that is taken down on purpose would be reset.
 * Petting past E is harmless exactly while nothing on this host can write. The daemon says so once it has seen no guest;
 * the petter does not take its word alone: libvirt's hook lets no guest start without a file in DIR/grants, so an empty
 * directory means that none can have been started since. The first grant ends it, whether or not the daemon is heard.
 */
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WATCHDOG_SLACK_MS } from '../../machines/times.ts';
import { bootTimeClock } from '../clock/clock.ts';
import { deviceWatchdog } from './device.ts';
import { onLines } from './lines.ts';
import { listenAlone } from './listen.ts';
import { processWatchdog } from './process-link.ts';

const { values } = parseArgs({
  options: {
    run: { type: 'string' },
    'timeout-ms': { type: 'string' },
    device: { type: 'string' },
    process: { type: 'string' },
  },
});
const runDir = values.run;
const timeoutMs = Number(values['timeout-ms']);
if (
  !runDir ||
  !Number.isInteger(timeoutMs) ||
  timeoutMs < 1 ||
  (values.device === undefined) === (values.process === undefined)
) {
  console.error('usage: petter --run DIR --timeout-ms MILLISECONDS (--device PATH | --process SOCKET)');
  process.exit(2);
}

/** Four chances per timeout, and often enough to use short leases to their end. */
const periodMs = Math.min(timeoutMs / 4, 250);
const now = bootTimeClock();
const watchdog = values.device
  ? deviceWatchdog(values.device, timeoutMs)
  : processWatchdog(values.process!, timeoutMs, now);

let untilMs = Number.NEGATIVE_INFINITY;
let standingDown = false;
let daemon: Socket | null = null;
let told = '';

try {
  setPriority(-10);
} catch {
  // Not permitted: whoever started it chose.
}
try {
  await listenAlone(join(runDir, 'petter.sock'), accept);
} catch (error) {
  console.error(`petter: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
say(`petting ${watchdog.what}`);
setInterval(tick, periodMs);

function accept(socket: Socket): void {
  // One daemon: a new one takes over from one that is gone or on its way out.
  daemon?.destroy();
  daemon = socket;
  told = '';
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    if (daemon === socket) daemon = null;
  });
  onLines(socket, (line) => {
    if (socket === daemon) obey(line);
  });
  tell();
}

function obey(line: string): void {
  const until = /^until (-?\d{1,15}(?:\.\d+)?)$/.exec(line)?.[1];
  if (until !== undefined) {
    standingDown = false;
    untilMs = Number(until);
  } else if (line === 'stand-down') {
    standingDown = noGrants();
    say(standingDown ? 'standing down: no guest is granted here' : 'not standing down: a guest is granted here');
    daemon?.write(standingDown ? 'standing-down\n' : 'granted\n');
  } else {
    return void daemon?.destroy();
  }
  tick();
}

function tick(): void {
  // Read before the decision, and the pet is given in its name: being held up afterwards cannot make it later.
  const pettedMs = now();
  if (standingDown && !noGrants()) {
    say('a guest was granted: standing down no more');
    standingDown = false;
  }
  if (standingDown || pettedMs + timeoutMs + WATCHDOG_SLACK_MS <= untilMs) watchdog.pet(pettedMs);
  tell();
}

function noGrants(): boolean {
  try {
    return readdirSync(join(runDir!, 'grants')).length === 0;
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT';
  }
}

function tell(): void {
  const trouble = watchdog.trouble();
  const line = trouble === null ? `armed ${timeoutMs} ${watchdog.what}` : `none ${trouble}`;
  if (!daemon || line === told || daemon.writableLength > 0) return;
  told = line;
  daemon.write(`${line}\n`);
  say(line);
}

function say(what: string): void {
  console.log(`${new Date().toISOString()} petter: ${what}`);
}
