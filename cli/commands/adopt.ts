import type { Status } from '../../services/api-status.ts';
import { fail } from '../../services/errors.ts';
import type { Register } from '../cli.ts';
import { type Confirmation, proposalOf, propose } from '../reinstall/propose.ts';

export const adopt: Register = (program, cli) => {
  program
    .command('adopt')
    .description('install a host of the cluster file that has never joined')
    .argument('<MAC|HOST>', 'the host, or one of the MACs of its machine')
    .option('--confirm <HASH>', 'do it: the hash that was printed without this')
    .option('--reason <TEXT>', 'goes into the log')
    .option('--detach', 'do not wait for its end')
    .action(async (subject: string, _options, command) => {
      const globals = cli.options<Confirmation>(command);
      const proposal = await proposalOf(cli, globals, subject, 'install');
      const { host } = proposal;
      const { hosts } = await cli.api(globals).get<Status>('/v1/status');
      if (hosts.find(({ name }) => name === host)?.counter !== null) fail('JOINED_BEFORE', { host });
      await propose(cli, globals, proposal, `rekindle adopt ${subject}`);
    });
};
