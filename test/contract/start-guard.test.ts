import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installHook } from '../../adapters/libvirt/hook.ts';
import { createStartGuard } from '../../adapters/libvirt/start-guard.ts';
import { createHook } from '../../sim/hook.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { scratch } from '../sqlite/scratch.ts';
import { now } from '../watchdog/programs.ts';
import { type StartGuardHarness, startGuardContract } from './start-guard.ts';
import { really, virtually } from './time.ts';

function simulated(): StartGuardHarness {
  const scheduler = createScheduler();
  const clock = () => 1_234_567.8 + scheduler.now();
  const hook = createHook(clock);
  return {
    ...virtually(scheduler),
    begin: () => hook.guard,
    now: clock,
    mayStart: async (guest) => hook.permits(guest),
  };
}

/** The hook itself, called as libvirt calls it. That libvirt does call it is shown in test/libvirt/hook.test.ts. */
function real(): StartGuardHarness {
  const directory = scratch();
  const [hooksDir, runDir] = [join(directory, 'hooks'), join(directory, 'run')];
  installHook({ hooksDir, runDir });
  const ask = (guest: string) =>
    spawnSync(join(hooksDir, 'qemu.d', 'rekindle'), [guest, 'prepare', 'begin', '-'], {
      input: `<domain><name>${guest}</name></domain>`,
    });
  return {
    ...really,
    begin: () => createStartGuard({ runDir, guests: ['g1', 'g2'] }),
    now,
    mayStart: async (guest) => ask(guest).status === 0,
  };
}

startGuardContract('simulated', simulated);
startGuardContract('real', real);
