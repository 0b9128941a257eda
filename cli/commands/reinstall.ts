import { type Register, whoami } from '../cli.ts';
import { type Confirmation, proposalOf, propose } from '../reinstall/propose.ts';

interface Options extends Confirmation {
  readonly dryRun?: true;
  readonly veto?: true;
}

export const reinstall: Register = (program, cli) => {
  program
    .command('reinstall')
    .description('say what installing a host from nothing would do; with its hash, do it')
    .argument('HOST')
    .option('--confirm <HASH>', 'do it: the hash that was printed without this')
    .option('--reason <TEXT>', 'goes into the log')
    .option('--dry-run', 'boot the installer and check everything, write nothing')
    .option('--detach', 'do not wait for its end')
    .option('--veto', 'stop one that was asked for, until its disk is given up')
    .action(async (host: string, _options, command) => {
      const globals = cli.options<Options>(command);
      if (globals.veto) {
        const order = { kind: 'veto-reinstall', host, by: whoami() } as const;
        return cli.order(globals, order, `The reinstallation of ${host} is stopped`);
      }
      const mode = globals.dryRun ? 'dry-run' : 'install';
      const typed = `rekindle reinstall ${host}${globals.dryRun ? ' --dry-run' : ''}`;
      await propose(cli, globals, await proposalOf(cli, globals, host, mode), typed);
    });
};
