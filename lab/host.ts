/**
 * One machine of the lab: boots, loses its power, freezes. Off is really off: the process namespace of the host ends
 * with every process in it, and its switch ports went down before, because the kernel that stays would answer for the
 * dead.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { until } from './exec.ts';
import { cache, filesOf, type LabNode, project, scripts } from './layout.ts';
import type { Network } from './network.ts';
import { childrenOf, processesIn, signal } from './processes.ts';
import { mountState } from './storage.ts';
import { createWatchdog } from './watchdog.ts';

export type Host = ReturnType<typeof createHost>;

interface Machine {
  readonly launcher: ChildProcess;
  readonly init: number;
  readonly gone: Promise<void>;
}

/** `firmwareMs`: between its power button and its boot loader. `watchdogMs`: as its profile wants it; 2 s is that of `fast`. `stateMiB`: of the disk that holds its state. */
export function createHost(
  node: LabNode,
  network: Network,
  rekindle: boolean,
  say: (what: string) => void,
  firmwareMs = 0,
  watchdogMs = 2_000,
  stateMiB = 512,
) {
  const files = filesOf(node);
  let machine: Machine | undefined;
  /** What a BMC reads: on from the moment the power comes, off when nothing runs any more. */
  let powered = false;
  /** Why it is on or off. */
  let why = 'power is there';
  let resets = 0;
  let firmware: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  /** One change of power at a time; the next waits. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next.catch(() => {});
    return next;
  };

  const watchdog = createWatchdog(node, watchdogMs, () => {
    say(`${node.name}: its watchdog was not petted and resets it`);
    resets += 1;
    restart('its watchdog was not petted', Math.max(1_000, firmwareMs)).catch((error: unknown) =>
      say(`${node.name}: reset failed: ${error}`),
    );
  });

  /** Resolves when it is off. Its boot is armed in the same turn, so that a power off that waits for its turn still ends it. */
  const restart = (because: string, afterMs: number) =>
    inTurn(async () => {
      await kill(because);
      void powerOn(afterMs, 'it boots again').catch((error: unknown) => say(`${node.name} did not boot: ${error}`));
    });

  /** Its state has a disk of its own, so that a full disk is this host's trouble alone. */
  async function prepare(): Promise<void> {
    for (const directory of [files.home, files.etc, files.logs, files.bmc]) await mkdir(directory, { recursive: true });
    await mountState(files.state, stateMiB);
  }

  async function boot(): Promise<void> {
    if (machine) return;
    powered = true;
    await writeFile(files.bootId, `${randomUUID()}\n`);
    await Promise.all([network.attach(node), watchdog.start()]);
    const log = openSync(join(files.logs, 'console.log'), 'a');
    const launcher = spawn(
      'nsenter',
      [
        ...[
          `--net=/run/netns/${node.name}`,
          'setsid',
          'unshare',
          '-m',
          '-u',
          '-i',
          '-p',
          '-f',
          '--mount-proc',
          '--kill-child',
        ],
        ...['bash', join(scripts, 'hostinit.sh'), node.name, String(node.number), node.kind, rekindle ? 'yes' : 'no'],
      ],
      {
        stdio: ['ignore', log, log],
        env: {
          PATH: process.env.PATH,
          HOME_DIR: files.home,
          LOG_DIR: files.logs,
          LAB_GUESTS: process.env.LAB_GUESTS ?? '',
          CACHE_DIR: cache,
          PROJECT: project,
          NODE_BIN: dirname(process.execPath),
        },
      },
    );
    closeSync(log);
    const gone = new Promise<void>((resolve) => launcher.once('exit', () => resolve()));
    const init = await until(`${node.name} to boot`, 5_000, () => {
      if (launcher.exitCode !== null) throw new Error(`${node.name} did not boot: see ${files.logs}/console.log`);
      return childrenOf(launcher.pid ?? 0)[0];
    });
    machine = { launcher, init, gone };
  }

  function powerOn(afterMs: number, because: string): Promise<void> {
    powered = true;
    why = because;
    clearTimeout(firmware);
    if (afterMs === 0) return inTurn(boot);
    return new Promise((resolve, reject) => {
      firmware = setTimeout(() => inTurn(boot).then(resolve, reject), afterMs);
    });
  }

  async function kill(because: string): Promise<void> {
    clearTimeout(firmware);
    await network.unplug(node);
    if (machine) {
      signal(machine.init, 'SIGKILL');
      // The kernel ends a process namespace before its launcher sees its init gone.
      await machine.gone;
      machine = undefined;
    }
    powered = false;
    why = because;
    watchdog.stop();
    await network.detach(node);
  }

  const processes = () => (machine ? processesIn(machine.init) : []);

  return {
    node,
    files,
    prepare,
    powered: () => powered,
    init: () => machine?.init,
    /** Processes of this host, seen from outside. */
    processes,
    /** Why it is on or off. */
    why: () => why,
    /** Times its watchdog has reset it. */
    resets: () => resets,
    /** Resolves when its first process runs, `afterMs` after the power came. */
    powerOn: (afterMs = 0, because = 'power is there') => powerOn(afterMs, because),
    /** Resolves when nothing of this host is left. */
    powerOff: (because: string) => inTurn(() => kill(because)),
    /** Resolves when it is off; it boots again by itself. */
    reset: (because: string) => restart(because, firmwareMs),
    /** Stops every process where it is; the watchdog, being hardware, counts on. The kernel still answers pings. */
    async freeze(): Promise<void> {
      await until(`${node.name} to freeze`, 5_000, () => {
        const running = processes().filter((one) => one.state !== 'T' && one.state !== 'Z');
        for (const one of running) signal(one.pid, 'SIGSTOP');
        return running.length === 0 ? true : undefined;
      });
    },
    thaw(): void {
      for (const one of processes().reverse()) signal(one.pid, 'SIGCONT');
    },
  };
}
