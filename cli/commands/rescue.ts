import type { Register } from '../cli.ts';
import { type Confirmation, proposalOf, propose } from '../reinstall/propose.ts';

export const rescue: Register = (program, cli) => {
  program
    .command('rescue')
    .description('boot the installer on a host, write nothing, and print what it found there')
    .argument('HOST')
    .option('--confirm <HASH>', 'do it: the hash that was printed without this')
    .option('--reason <TEXT>', 'goes into the log')
    .option('--detach', 'do not wait for its end')
    .action(async (host: string, _options, command) => {
      const globals = cli.options<Confirmation>(command);
      await propose(cli, globals, await proposalOf(cli, globals, host, 'rescue'), `rekindle rescue ${host}`);
    });
};
