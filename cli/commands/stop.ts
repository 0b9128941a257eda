import { type Register, whoami } from '../cli.ts';

export const stop: Register = (program, cli) => {
  program
    .command('stop')
    .description('want a guest stopped')
    .argument('GUEST')
    .action(async (guest: string, _options, command) => {
      const order = { kind: 'set-desired', guest, desired: 'stopped', by: whoami() } as const;
      await cli.order(cli.options(command), order, `${guest} will be stopped`);
    });
};
