import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openPetter } from '../../adapters/watchdog/client.ts';
import { createNodeClock } from '../../sim/node-clock.ts';
import { createProcess } from '../../sim/process.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { createWatchdog } from '../../sim/watchdog.ts';
import { now, pettersOf, runDir, startWatchdog } from '../watchdog/programs.ts';
import { type PetterHarness, petterContract } from './petter.ts';
import { really, virtually } from './time.ts';

async function simulated(timeoutMs: number): Promise<PetterHarness> {
  const scheduler = createScheduler();
  const clock = createNodeClock(scheduler, 1_000_000);
  const pets: number[] = [];
  let frozen = false;
  let resetMs: number | null = null;
  const watchdog = createWatchdog({
    scheduler,
    random: createRandom(1),
    clock,
    timeoutMs,
    present: true,
    awake: () => !frozen,
    petted: (clockMs) => pets.push(clockMs),
    bite() {
      resetMs ??= clock.nowMs();
    },
  });
  watchdog.boot();
  let daemon = createProcess(scheduler);
  return {
    ...virtually(scheduler),
    now: clock.nowMs,
    daemon() {
      daemon = createProcess(scheduler);
      return watchdog.portOf(daemon);
    },
    killDaemon: () => daemon.kill(),
    killPetter: watchdog.killPetter,
    freezePetter() {
      frozen = true;
    },
    pets: () => pets,
    resetMs: () => resetMs,
  };
}

/** The petter's words pass through a recorder on their way to a real process watchdog, or to nobody. */
async function real(timeoutMs: number, bites = true): Promise<PetterHarness> {
  const directory = runDir();
  const watchdog = bites ? await startWatchdog(directory, timeoutMs) : null;
  const pets: number[] = [];
  const socket = join(directory, 'recorder.sock');
  const sockets = new Set<Socket>();
  const server = createServer((petter) => {
    const behind = watchdog ? connect(watchdog.socket) : null;
    for (const one of [petter, behind]) if (one) sockets.add(one.on('error', () => one.destroy()));
    behind?.pipe(petter);
    if (!behind) petter.write(`timeout ${timeoutMs}\n`);
    petter.on('data', (chunk) => {
      for (const [, pettedMs] of String(chunk).matchAll(/pet (\S+)\n/g)) {
        pets.push(Number(pettedMs));
        if (!behind) petter.write(`petted ${pettedMs}\n`);
      }
      behind?.write(chunk);
    });
    petter.once('close', () => behind?.destroy());
    behind?.once('close', () => petter.destroy());
  }).listen(socket);
  await once(server, 'listening');
  let resetMs: number | null = null;
  void watchdog?.ended.then(() => {
    resetMs = now();
  });
  let client: ReturnType<typeof openPetter> | null = null;
  onTestFinished(() => {
    client?.close();
    for (const one of sockets) one.destroy();
    server.close();
  });
  const say = { info() {}, warn() {}, error() {} };
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pettersOf(directory)) process.kill(pid, name);
  };
  return {
    ...really,
    now,
    daemon() {
      const plan = {
        runDir: directory,
        watchdog: { kind: 'process', socket } as const,
        times: { watchdogMs: timeoutMs },
      };
      client = openPetter(plan, say);
      return client;
    },
    killDaemon: () => client?.close(),
    killPetter: () => signal('SIGKILL'),
    freezePetter: () => signal('SIGSTOP'),
    pets: () => pets,
    resetMs: () => resetMs,
  };
}

petterContract('simulated', simulated);
petterContract('real', real);
