/** The program without any command: its name, and the options that all commands take. */
import { Command } from 'commander';
import type { Terminal } from './terminal.ts';

export function emptyProgram(terminal: Terminal, version: string): Command {
  return new Command('rekindle')
    .description('Keeps virtual machines alive when the machines under them die.')
    .version(version)
    .option('--run <DIR>', 'run directory of this node', '/run/rekindle')
    .option('--cluster <FILE>', 'cluster file', '/etc/rekindle/cluster.yaml')
    .option('--state <DIR>', 'state directory of this node', '/var/lib/rekindle')
    .option('--json', 'print one JSON object (log: one a line), errors too')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      // Errors of usage are thrown and told like all others.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(terminal.columns(), 100),
      getErrHelpWidth: () => Math.min(terminal.columns(), 100),
    })
    .exitOverride();
}
