/** `rekindle enrol` without the other commands: the first boot of a host waits for it, and most of its start is loading them. */
import { createCli } from '../cli.ts';
import { enrol } from '../commands/enrol.ts';
import { emptyProgram } from '../empty-program.ts';
import { runProgram } from '../run-program.ts';
import { processTerminal, type Terminal } from '../terminal.ts';

function build(terminal: Terminal, version: string) {
  const program = emptyProgram(terminal, version);
  enrol(program, createCli(terminal));
  return program;
}

// No `await`: a script, as which an image has it, knows none here.
void runProgram(build, process.argv.slice(2), processTerminal()).then((code) => {
  process.exitCode = code;
});
