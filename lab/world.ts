/** The lab seen from the machine it runs on: started, entered, ended. Never more than one at a time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type LabStatus, labDown, labStatus } from './client.ts';
import { sh, until } from './exec.ts';
import { cache, isMetal, type LayoutName, project, run, scripts } from './layout.ts';
import { type LabPlan, writePlan } from './plan.ts';
import { childrenOf, isAlive, signal } from './processes.ts';

const pidFile = join(run, 'outer.pid');
const READY_MS = 120_000;
/** Its machines are installed first. */
const METAL_READY_MS = 1_500_000;

/** Process id of `outer.sh` of the lab that is up, or of one that hangs. */
function outerPid(): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('outer.sh') && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Why the lab cannot run here; undefined when it can. */
export function hindrance(): string | undefined {
  if (process.getuid?.() === 0) return undefined;
  return (
    'The lab needs root: it mounts file systems for its hosts, starts libvirtd as the system does, and gives daemons ' +
    'priority over guests. A user namespace carries the switches and BMCs, but neither libvirtd (it must set ' +
    'supplementary groups) nor loop devices, so nothing worth seeing would be left. Run the same command with sudo.'
  );
}

export interface UpOptions {
  readonly layout: LayoutName;
  readonly mode: 'rekindle' | 'plain';
  /** The lab ends with this process. */
  readonly attached: boolean;
  readonly say: (what: string) => void;
  /** Another cluster than the lab's own. */
  readonly plan?: LabPlan;
  /** Until the lab is up it ends with a rejection; `end` takes care of the rest. */
  readonly signal?: AbortSignal | undefined;
}

/** Brings the lab up and waits until its guests answer. Rejects with what was said when they do not, leaving it up to be looked at. */
export async function up({ layout, mode, attached, say, plan, signal }: UpOptions): Promise<LabStatus> {
  const wrong = hindrance();
  if (wrong) throw new Error(wrong);
  if (await labStatus()) throw new Error('the lab is up already; "npm run lab -- down" ends it');
  await end();
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run, { recursive: true, mode: 0o700 });
  mkdirSync(cache, { recursive: true });
  if (plan) writePlan(plan);
  await sh(join(scripts, 'make-guest-image.sh'), [cache], { timeoutMs: 300_000 });
  if (isMetal(layout)) await (await import('./prepare.ts')).prepareMetal(say, signal);
  signal?.throwIfAborted();

  const child = launch(layout, mode, attached);
  let shown = 0;
  return until(
    'the lab',
    isMetal(layout) ? METAL_READY_MS : READY_MS,
    async () => {
      if (child.exitCode !== null) throw new Error(`the lab ended at once: see ${run}/lab.log`);
      const status = await labStatus();
      for (const { atMs, what } of status?.steps.slice(shown) ?? [])
        say(`${(atMs / 1000).toFixed(1).padStart(5)} s  ${what}`);
      shown = status?.steps.length ?? 0;
      if (status?.phase === 'failed') throw new Error(`${status.steps.at(-1)?.what}; logs are in ${run}`);
      return status?.phase === 'ready' ? status : undefined;
    },
    100,
  );
}

function launch(layout: LayoutName, mode: UpOptions['mode'], attached: boolean): ChildProcess {
  const log = openSync(join(run, 'lab.log'), 'a');
  const supervisor = [process.execPath, join(project, 'lab/supervisor.ts'), layout, mode, attached ? 'attached' : ''];
  const child = spawn(join(scripts, 'outer.sh'), supervisor, {
    detached: true,
    stdio: [attached ? 'pipe' : 'ignore', log, log],
  });
  closeSync(log);
  writeFileSync(pidFile, String(child.pid));
  if (!attached) child.unref();
  return child;
}

/** Ends the lab, whatever state it is in. Resolves when nothing of it is left; false when there was none. */
export async function end(): Promise<boolean> {
  const pid = outerPid();
  if (pid === undefined) return false;
  await labDown().catch(() => {});
  const asked = await until('the lab to end', 3_000, () => (isAlive(pid) ? undefined : true)).catch(() => false);
  if (!asked) {
    signal(pid, 'SIGTERM');
    await until('the lab to end', 10_000, () => (isAlive(pid) ? undefined : true));
  }
  return true;
}

/** Command line that runs `command` inside the lab: on `init`'s node, or without one, at the switches. */
export function inside(init: number | null | undefined, command: readonly string[]): [string, ...string[]] {
  const launcher = childrenOf(outerPid() ?? 0).flatMap(childrenOf)[0];
  if (launcher === undefined) throw new Error('no lab is up; "npm run lab -- up" brings it up');
  const path = `${join(scripts, 'host-bin')}:${join(project, '.tools')}:${dirname(process.execPath)}:${process.env.PATH}`;
  const environment = ['env', `PROJECT=${project}`, `LAB_RUN=${run}`, `PATH=${path}`];
  const node = init ? ['nsenter', '-t', String(init), '-m', '-u', '-i', '-n', '-p', '--'] : [];
  const enter = ['nsenter', '-t', String(launcher), '-m', '-n', '-p', '--', ...node, ...environment, ...command];
  const group = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup']
    .map((place) => join(place, `rekindle-lab-${outerPid()}`, 'cgroup.procs'))
    .find((file) => existsSync(file));
  // With the priority of the lab: who watches it on a busy machine must not be slower than what is watched.
  return group ? ['sh', '-c', 'echo $$ >"$0"; exec "$@"', group, ...enter] : ['env', ...enter];
}
