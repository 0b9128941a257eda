/** The command line as a whole: every command, its options, its help. */
import type { Command } from 'commander';
import { createCli, type Register } from './cli.ts';
import { adopt } from './commands/adopt.ts';
import { check } from './commands/check.ts';
import { confirmOff } from './commands/confirm-off.ts';
import { down } from './commands/down.ts';
import { drill } from './commands/drill.ts';
import { enrol } from './commands/enrol.ts';
import { fence } from './commands/fence.ts';
import { freeze } from './commands/freeze.ts';
import { image } from './commands/image.ts';
import { init } from './commands/init.ts';
import { join } from './commands/join.ts';
import { log } from './commands/log.ts';
import { maintenance } from './commands/maintenance.ts';
import { migrate } from './commands/migrate.ts';
import { reinstall } from './commands/reinstall.ts';
import { releaseBrake } from './commands/release-brake.ts';
import { replay } from './commands/replay.ts';
import { rescue } from './commands/rescue.ts';
import { seal } from './commands/seal.ts';
import { simulate } from './commands/simulate.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stepDown } from './commands/step-down.ts';
import { stop } from './commands/stop.ts';
import { thaw } from './commands/thaw.ts';
import { token } from './commands/token.ts';
import { up } from './commands/up.ts';
import { watch } from './commands/watch.ts';
import { why } from './commands/why.ts';
import { emptyProgram } from './empty-program.ts';
import type { Terminal } from './terminal.ts';

const GROUPS: readonly (readonly [string, readonly Register[]])[] = [
  ['Look:', [status, watch, log, why, replay]],
  ['This node:', [up, down, enrol, join]],
  ['Guests:', [start, stop, migrate]],
  ['Hosts:', [fence, confirmOff, maintenance, reinstall, rescue, adopt, token]],
  ['Cluster:', [freeze, thaw, releaseBrake, stepDown]],
  ['Prepare:', [check, simulate, init, seal, image, drill]],
];

export function buildProgram(terminal: Terminal, version: string): Command {
  const program = emptyProgram(terminal, version);
  const cli = createCli(terminal);
  for (const [heading, commands] of GROUPS) {
    program.commandsGroup(heading);
    for (const register of commands) register(program, cli);
  }
  return program;
}
