/** Runs a command; whatever goes wrong is told in the words of the error table. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { ERRORS, errorBody, failure, RekindleError } from '../services/errors.ts';
import { root } from './installation.ts';
import type { Terminal } from './terminal.ts';

/** Returns the exit code. `args`: without node and script. */
export async function runProgram(
  build: (terminal: Terminal, version: string) => Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const program = build(terminal, version);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // No command was given: the help has been shown.
    if (error instanceof CommanderError && error.code === 'commander.help') return ERRORS.WRONG_ARGUMENT.exit;
    const told = explained(error, args);
    if (args.includes('--json')) terminal.out(JSON.stringify(errorBody(told)));
    else terminal.err(`rekindle: ${told.message}\n  ${told.todo}`);
    if (process.env.REKINDLE_TRACE) terminal.err(String((error as Error).stack ?? error));
    return told.exit;
  }
}

function explained(error: unknown, args: readonly string[]): RekindleError {
  if (error instanceof RekindleError) return error;
  if (error instanceof CommanderError) {
    const command = args.find((arg) => /^[a-z][a-z-]*$/.test(arg));
    const known = error.code !== 'commander.unknownCommand' && command;
    const what = error.message.replace(/^error: /, '').replace(/\n/g, ' ');
    return failure('WRONG_ARGUMENT', { what, help: `rekindle ${known ? `${command} ` : ''}--help` }, error);
  }
  return failure('UNEXPECTED', { reason: error instanceof Error ? error.message : String(error) }, error);
}
