/**
 * The hardware watchdog of one machine. Like real hardware it is no process *of* that machine: it survives the
 * machine's freeze, is armed by the first pet, and forgets everything with a reset.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './exec.ts';
import { filesOf, type LabNode, project } from './layout.ts';

export function createWatchdog(node: LabNode, timeoutMs: number, onExpiry: () => void) {
  const files = filesOf(node);
  let running: ChildProcess | undefined;

  return {
    async start(): Promise<void> {
      rmSync(files.watchdog, { force: true });
      const log = openSync(join(files.logs, 'watchdog.log'), 'a');
      const child = spawn(
        process.execPath,
        [
          join(project, 'adapters/watchdog/process-watchdog.ts'),
          ...['--socket', files.watchdog, '--timeout-ms', String(timeoutMs)],
        ],
        { stdio: ['ignore', log, log] },
      );
      closeSync(log);
      running = child;
      // Without a program to run, its end is its signal.
      child.once('exit', () => {
        if (running !== child) return;
        running = undefined;
        onExpiry();
      });
      await until(`the watchdog of ${node.name}`, 5_000, () => (existsSync(files.watchdog) ? true : undefined));
    },
    stop(): void {
      const child = running;
      running = undefined;
      child?.kill('SIGKILL');
    },
  };
}
