import { type Register, whoami } from '../cli.ts';

export const maintenance: Register = (program, cli) => {
  program
    .command('maintenance')
    .description('keep a host free of guests, or with --end take it back')
    .argument('HOST')
    .option('--end', 'the host may run guests again')
    .action(async (host: string, _options, command) => {
      const globals = cli.options<{ end?: true }>(command);
      const on = !globals.end;
      const said = on ? `${host} is in maintenance` : `${host} may run guests again`;
      await cli.order(globals, { kind: 'maintenance', host, on, by: whoami() }, said);
    });
};
