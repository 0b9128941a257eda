import { type Register, whoami } from '../cli.ts';

export const maintenance: Register = (program, cli) => {
  program
    .command('maintenance')
    .description('empty a host and keep it free of guests, or with --end take it back')
    .argument('HOST')
    .option('--end', 'the host may run guests again')
    .option('--keep-guests', 'place nothing new there, but move nothing away')
    .action(async (host: string, _options, command) => {
      const globals = cli.options<{ end?: true; keepGuests?: true }>(command);
      const by = whoami();
      if (globals.end)
        return cli.order(globals, { kind: 'maintenance', host, on: false, by }, `${host} may run guests again`);
      if (globals.keepGuests)
        return cli.order(globals, { kind: 'maintenance', host, on: true, by }, `${host} gets no new guests`);
      const said = `${host} gets no new guests, and its guests are moved away; to see how far it is: rekindle why host/${host}`;
      return cli.order(globals, { kind: 'maintenance', host, on: true, drain: true, by }, said);
    });
};
