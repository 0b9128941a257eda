import { type Register, whoami } from '../cli.ts';

export const start: Register = (program, cli) => {
  program
    .command('start')
    .description('want a guest running')
    .argument('GUEST')
    .action(async (guest: string, _options, command) => {
      const order = { kind: 'set-desired', guest, desired: 'running', by: whoami() } as const;
      await cli.order(cli.options(command), order, `${guest} will be started`);
    });
};
