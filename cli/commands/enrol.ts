import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeOwnKeys, type PublicKeys } from '../../adapters/keys/own-keys.ts';
import { writeDurably } from '../../adapters/keys/write-durably.ts';
import { fail } from '../../services/errors.ts';
import { installRequestSchema, type Ticket } from '../../services/provisioning.ts';
import { type Register, wholeNumber } from '../cli.ts';
import { askForEnrolment } from '../enrol/ask.ts';
import { layDown } from '../enrol/lay.ts';
import { readTicket, wipeTicket } from '../enrol/ticket.ts';

interface Options {
  readonly from: string;
  readonly wipe?: true;
  readonly wait: number;
}

/** Above all that the installer has counted its requests with. */
const AFTER_THE_INSTALLER = 1_000_000_000;

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
      const { keys, request } = await makeOwnKeys(state, host);
      const kept = join(state, 'keys', 'enrol.json');
      const body = keptRequest(kept, ticket, keys) ?? newRequest(kept, ticket, keys, request);
      const believed = await askForEnrolment(ticket, from, body, globals.wait * 1_000);
      layDown(believed, ticket, keys, globals);
      if (globals.wipe && from !== '-') wipeTicket(from);
      rmSync(kept);
      const line = `${host} is enrolled in cluster ${ticket.cluster}, by way of ${believed.node}`;
      cli.print(globals, { enrolled: true, host, by: believed.node }, [line]);
    });
};

/** The one that was sent before the power went: a certificate request made anew would be another one. */
function keptRequest(file: string, { job, attempt }: Ticket, keys: PublicKeys): string | null {
  if (!existsSync(file)) return null;
  const body = readFileSync(file, 'utf8');
  const before = installRequestSchema.parse(JSON.parse(body));
  const same = before.kind === 'enrol' && before.job === job && before.attempt === attempt;
  return same && isDeepStrictEqual(before.keys, keys) ? body : null;
}

function newRequest(file: string, { job, attempt, image }: Ticket, keys: PublicKeys, request: string): string {
  const body = JSON.stringify({ kind: 'enrol', job, attempt, n: AFTER_THE_INSTALLER, keys, request, image });
  writeDurably(file, body);
  return body;
}
