/** `rekindle`: runs one command. */
import { buildProgram } from './program.ts';
import { runProgram } from './run-program.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** Returns the exit code. `args`: without node and script. */
export const rekindle = (args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> =>
  runProgram(buildProgram, args, terminal);
