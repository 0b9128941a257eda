import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../services/errors.ts';
import { type Register, wholeNumber } from '../cli.ts';
import { becomeNode } from '../enrol/become.ts';
import { readTicket, wipeTicket } from '../enrol/ticket.ts';

interface Options {
  readonly from: string;
  readonly wipe?: true;
  readonly wait: number;
}

export const enrol: Register = (program, cli) => {
  program
    .command('enrol')
    .description(
      'make this newly installed host a node: make its keys, have them certified, take over the cluster file',
    )
    .requiredOption('--from <PATH>', 'what the installer left: a file, a partition, or - for standard input')
    .option('--wipe', 'overwrite it once this host is enrolled')
    .option('--wait <SECONDS>', 'how long to go on asking', wholeNumber, 240)
    .action(async (_options, command) => {
      const globals = cli.options<Options>(command);
      const { from, state } = globals;
      const ticket = readTicket(from);
      if (ticket === null) {
        if (!existsSync(join(state, 'keys', 'node.crt')) || !existsSync(globals.cluster))
          fail('ENROL_NO_TICKET', { from, reason: 'it is empty, and this host has no keys of an earlier enrolment' });
        return cli.print(globals, { enrolled: false }, ['This host was enrolled before; nothing to do']);
      }
      const { host } = ticket;
      const by = await becomeNode(ticket, from, globals.wait * 1_000, globals, () => {
        if (globals.wipe && from !== '-') wipeTicket(from);
      });
      const line = `${host} is enrolled in cluster ${ticket.cluster}, by way of ${by}`;
      cli.print(globals, { enrolled: true, host, by }, [line]);
    });
};
