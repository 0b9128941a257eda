import { type Register, whoami } from '../cli.ts';

export const migrate: Register = (program, cli) => {
  program
    .command('migrate')
    .description('move a running guest to another host without stopping it')
    .argument('GUEST')
    .option('--to <HOST>', 'there, and not where placement would choose')
    .action(async (guest: string, _options, command) => {
      const globals = cli.options<{ to?: string }>(command);
      const to = globals.to ?? null;
      await cli.order(
        globals,
        { kind: 'migrate', guest, to, by: whoami() },
        `${guest} will be moved${to ? ` to ${to}` : ''}`,
      );
    });
};
