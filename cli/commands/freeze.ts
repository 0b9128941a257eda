import { type Register, whoami } from '../cli.ts';

export const freeze: Register = (program, cli) => {
  program
    .command('freeze')
    .description('stop every automatic act until thaw; guests run on, leases are kept')
    .requiredOption('--reason <TEXT>', 'goes into the log')
    .action(async (_options, command) => {
      const globals = cli.options<{ reason: string }>(command);
      await cli.order(globals, { kind: 'freeze', by: whoami(), reason: globals.reason }, 'The cluster is frozen');
    });
};
