import { type Register, whoami } from '../cli.ts';

export const fence: Register = (program, cli) => {
  program
    .command('fence')
    .description('make it certain that a host can no longer write; its guests start elsewhere')
    .argument('HOST')
    .requiredOption('--reason <TEXT>', 'goes into the log')
    .action(async (host: string, _options, command) => {
      const globals = cli.options<{ reason: string }>(command);
      const order = { kind: 'fence', host, by: whoami(), reason: globals.reason } as const;
      await cli.order(globals, order, `${host} will be fenced`);
    });
};
