// Prints every entry of a cluster's log as it is stored, with the keys of the monitor.
//   node docs/follow.mjs HOST:PORT CLUSTER KEYS
import { readFileSync } from 'node:fs';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';

const [server, cluster, keys] = process.argv.slice(2);
const read = (name) => readFileSync(`${keys}/${name}`, 'utf8');

const connection = await connect({
  servers: server,
  tls: { ca: read('ca.crt'), cert: read('monitor.crt'), key: read('monitor.key') },
  authenticator: nkeyAuthenticator(new TextEncoder().encode(read('monitor.nk').trim())),
  inboxPrefix: '_INBOX.client.monitor',
});
const entries = connection.subscribe(`rekindle.${cluster}.stored.>`);
await connection.flush();
console.error(`listening at ${server}`);
for await (const message of entries) console.log(message.headers.get('Nats-Sequence'), message.string());
