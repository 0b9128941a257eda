import { join } from 'node:path';
import type { Status } from '../../services/api-status.ts';
import { fail, RekindleError } from '../../services/errors.ts';
import type { Register } from '../cli.ts';
import { runningPid, until } from '../daemon.ts';

const STOP_WITHIN_S = 60;

export const down: Register = (program, cli) => {
  program
    .command('down')
    .description('stop rekindled on this node gracefully, with its nats-server and petter')
    .option('--leave-guests', 'even if guests run here: an armed watchdog will then reset this machine')
    .action(async (_options, command) => {
      const globals = cli.options<{ leaveGuests?: true }>(command);
      const pid = runningPid(globals.run);
      if (pid === null) return cli.print(globals, { stopped: false }, ['rekindled does not run here']);

      const api = cli.api(globals);
      if (!globals.leaveGuests) {
        const { node, hosts } = await api.get<Status>('/v1/status');
        const guests = hosts.find(({ name }) => name === node)?.guests ?? [];
        if (guests.length > 0) fail('GUESTS_RUN_HERE', { guests: guests.join(', '), node });
      }
      try {
        await api.post('/v1/shutdown', {});
      } catch (error) {
        // It may be gone before its answer is. One that does not listen is asked by signal.
        if (!(error instanceof RekindleError)) throw error;
        if (runningPid(globals.run) === pid) process.kill(pid, 'SIGTERM');
      }
      const ended = await until(() => runningPid(globals.run) !== pid, STOP_WITHIN_S * 1_000);
      if (!ended) fail('STILL_RUNNING', { pid, waitedS: STOP_WITHIN_S, log: join(globals.state, 'rekindled.log') });
      cli.print(globals, { stopped: true, pid }, [`rekindled, process ${pid}, has stopped`]);
    });
};
