import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEnrolled, withEnrolled } from '../../adapters/keys/enrolled.ts';
import { loadIdentities } from '../../adapters/keys/load.ts';
import { JOIN_WITHIN_MS } from '../../machines/join.ts';
import { duration } from '../../machines/sentences.ts';
import type { Offer } from '../../services/api-join.ts';
import { fail } from '../../services/errors.ts';
import type { LeaderAnswer } from '../../services/protocol.ts';
import type { Ticket } from '../../services/provisioning.ts';
import { type Register, whoami } from '../cli.ts';
import type { Api } from '../client.ts';

/** This node reads of its own order a moment after the leader has accepted it. */
const READS_WITHIN_MS = 10_000;
const LOOK_MS = 100;

export const token: Register = (program, cli) => {
  program
    .command('token')
    .description('print a ticket, a secret, with which a machine installed by hand becomes this host, once')
    .argument('HOST')
    .requiredOption('--reason <TEXT>', 'goes into the log')
    .action(async (host: string, _options, command) => {
      const globals = cli.options<{ reason: string }>(command);
      const { state, reason } = globals;
      const api = cli.api(globals);
      const { urls } = await offer(api, host);
      if (urls.length === 0) fail('JOIN_NO_PROVISIONING', { reason: `no node listens for ${host} and its ticket` });
      const nodeKeys = keysOfOthers(state, host);
      // Its private half is nowhere but in what is printed.
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      // The last 32 bytes of its DER are the key itself (RFC 8410).
      const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
      await api.post<LeaderAnswer>('/v1/orders', { kind: 'offer-join', host, key, by: whoami(), reason });
      const { cluster, job, attempt } = await given(api, host, key);
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const ticket: Ticket = { cluster, host, job, attempt, urls: [...urls], nodeKeys, key: pem };
      // In lines: a terminal takes none of more than 4095 bytes.
      cli.print(globals, { host, withinMs: JOIN_WITHIN_MS, ticket }, [JSON.stringify(ticket, null, 1)]);
      const line = `Whoever has this ticket within ${duration(JOIN_WITHIN_MS)} is ${host}, once.`;
      cli.terminal.err(`${line} Give it to the machine on the standard input of: rekindle join`);
    });
};

const offer = (api: Api, host: string) => api.get<Offer>('/v1/join', { host });

/** Whose answers the new host may believe; whatever had its name before is not among them. */
function keysOfOthers(state: string, host: string): Ticket['nodeKeys'] {
  const { nodes } = withEnrolled(loadIdentities(join(state, 'keys', 'identities.json')), readEnrolled(state));
  return Object.fromEntries(
    Object.entries(nodes).flatMap(([node, keys]) => (node === host ? [] : [[node, keys.node]])),
  );
}

/** What this node reads in the log of the ticket with this key. Throws ORDER_UNKNOWN. */
async function given(api: Api, host: string, key: string) {
  const untilMs = performance.now() + READS_WITHIN_MS;
  for (;;) {
    const { cluster, given } = await offer(api, host);
    if (given?.key === key) return { cluster, ...given };
    if (performance.now() > untilMs)
      return fail('ORDER_UNKNOWN', { reason: 'this node has not read of the ticket; take another one' });
    await sleep(LOOK_MS);
  }
}
