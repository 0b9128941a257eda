import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WatchdogSpec } from '../../machines/spec.ts';
import type { Times } from '../../machines/times.ts';

export interface PetterPlan {
  readonly runDir: string;
  readonly watchdog: Exclude<WatchdogSpec, { kind: 'none' }>;
  readonly times: Pick<Times, 'watchdogMs'>;
}

// Beside this file, as source or compiled.
const PETTER = fileURLToPath(import.meta.url).replace(/start-petter(\.[cm]?[jt]s)$/, 'petter$1');

/**
 * Starts the petter detached from the daemon, unless one runs: the kernel's lock on RUN/petter.lock, held for as long as
 * it lives, decides between two. Its words go to RUN/petter.log. `failed` is told when it cannot be started at all.
 */
export function startPetter({ runDir, watchdog, times }: PetterPlan, failed: (reason: string) => void): void {
  const log = openSync(join(runDir, 'petter.log'), 'a', 0o600);
  const what = watchdog.kind === 'device' ? ['--device', watchdog.path] : ['--process', watchdog.socket];
  const child = spawn(
    'flock',
    [
      ...['--nonblock', '--no-fork', '--conflict-exit-code', '0', join(runDir, 'petter.lock')],
      ...[process.execPath, PETTER, '--run', runDir, '--timeout-ms', String(times.watchdogMs), ...what],
    ],
    { detached: true, stdio: ['ignore', log, log], cwd: '/', env: { PATH: process.env.PATH } },
  );
  closeSync(log);
  child.once('error', (error) => failed(error.message));
  child.unref();
}
