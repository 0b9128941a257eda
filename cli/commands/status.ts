import type { Status } from '../../services/api-status.ts';
import type { Register } from '../cli.ts';
import { renderStatus } from '../render/status.ts';

export const status: Register = (program, cli) => {
  program
    .command('status')
    .description('show the cluster: hosts, guests, what is wrong and why')
    .action(async (_options, command) => {
      const globals = cli.options(command);
      const now = await cli.api(globals).get<Status>('/v1/status');
      const columns = cli.terminal.interactive ? cli.terminal.columns() : Number.POSITIVE_INFINITY;
      cli.print(globals, now, renderStatus(now, cli.terminal.paint, columns));
    });
};
