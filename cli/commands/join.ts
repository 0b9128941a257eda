import { existsSync } from 'node:fs';
import { join as below } from 'node:path';
import { fail, RekindleError } from '../../services/errors.ts';
import { type Register, wholeNumber } from '../cli.ts';
import { becomeNode, begunIn } from '../enrol/become.ts';
import { parseTicket } from '../enrol/ticket.ts';

const PROMPT = 'Paste the ticket that "rekindle token HOST" printed (it is not shown; Ctrl-D ends): ';

export const join: Register = (program, cli) => {
  program
    .command('join')
    .description('make this machine, installed by hand, a host of a cluster: with a ticket on standard input')
    .option('--wait <SECONDS>', 'how long to go on asking', wholeNumber, 240)
    .action(async (_options, command) => {
      const globals = cli.options<{ wait: number }>(command);
      const { cluster: file, state } = globals;
      // Another's keys would be lost, and what this node remembers would be taken for the new one's.
      if (existsSync(file) && existsSync(below(state, 'keys', 'node.crt')) && !existsSync(begunIn(state)))
        fail('JOINED_ALREADY', { file, state });
      const text = await cli.terminal.paste(PROMPT, isWhole);
      let host = 'this host';
      try {
        const ticket = parseTicket(text, 'standard input');
        ({ host } = ticket);
        const by = await becomeNode(ticket, 'standard input', globals.wait * 1_000, globals);
        cli.print(globals, { enrolled: true, host, by }, [
          `${host} is enrolled in cluster ${ticket.cluster}, by way of ${by}`,
          `Now start it: "systemctl enable --now rekindled", or "rekindle up --node ${host}". It gets guests once it has passed its test; how far that is: rekindle why host/${host}`,
        ]);
      } catch (error) {
        if (error instanceof RekindleError && error.code === 'ENROL_NO_TICKET')
          fail('JOIN_NO_TICKET', { reason: String(error.about.reason) }, error);
        if (error instanceof RekindleError && error.code === 'ENROL_REFUSED')
          fail('JOIN_REFUSED', { host, reason: String(error.about.reason) }, error);
        const { code, path } = error as NodeJS.ErrnoException;
        if (code === 'EACCES' || code === 'EPERM') fail('NOT_PERMITTED', { what: `writing ${path ?? state}` }, error);
        throw error;
      }
    });
};

/** It ends where its JSON does, so that nobody needs to know how to end standard input. */
function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
