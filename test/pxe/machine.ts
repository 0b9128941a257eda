/**
 * A machine that boots from the network, as far as DHCP and TFTP go: a program that is told on standard input what to ask,
 * one JSON line each, and says on standard output what it was answered.
 *
 *   {"discover": {"mac": "...", "architecture": 7, "ipxe": false, "waitMs": 300}}   → {"offers": [...]}
 *   {"tftp": {"server": "10.78.0.1", "name": "snponly.efi"}}                        → {"bytes": N, "sha256": ...} or {"error": ...}
 *   {"foreign": {"answerMs": 500}}                                                  → {"foreign": [...]}
 */
import { createHash, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { discover, findForeignBoot, type Offer, readOffer } from '../../pxe/server/rogue.ts';
import { BROADCAST } from './world.ts';

const client = createSocket({ type: 'udp4', reuseAddr: true });
client.bind(68, '0.0.0.0');
await once(client, 'listening');
client.setBroadcast(true);

interface Ask {
  discover?: {
    mac: string;
    before?: string;
    architecture: number;
    ipxe: boolean;
    /** As the system on its disk asks for an address. */
    plain?: boolean;
    waitMs: number;
    offers: number;
  };
  tftp?: { server: string; name: string };
  foreign?: { answerMs: number };
}

/**
 * Offers until there are as many as wanted, or until the time is over. `before` asks first, and what it was offered is in
 * front: a server answers in order, so with the answer to `mac` it is certain whether `before` got one.
 */
async function ask({ mac, before, architecture, ipxe, plain, waitMs, offers: wanted }: NonNullable<Ask['discover']>) {
  const xid = randomInt(0x1_0000_0000);
  const offers: Offer[] = [];
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    const hear = (message: Buffer) => {
      const offer = readOffer(message);
      if (offer?.xid !== xid) return;
      offers.push(offer);
      if (offers.filter((one) => one.mac === mac).length < wanted) return;
      clearTimeout(timer);
      resolve();
    };
    client.removeAllListeners('message');
    client.on('message', hear);
    if (before) client.send(discover(xid, before, architecture), 67, BROADCAST);
    const packet = discover(xid, mac, architecture, ipxe ? [175, 3, 1, 2, 3] : []);
    if (plain) packet.write('udhcp 1.3', packet.indexOf('PXEClient'));
    client.send(packet, 67, BROADCAST);
  });
  return offers;
}

/** RFC 1350, read in octets of 512. */
async function tftp({ server, name }: NonNullable<Ask['tftp']>): Promise<unknown> {
  const socket = createSocket('udp4');
  const hash = createHash('sha256');
  let bytes = 0;
  let expected = 1;
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ error: 'silence' }), 2_000);
      socket.on('message', (message, { port }) => {
        const kind = message.readUInt16BE(0);
        if (kind === 5) {
          clearTimeout(timer);
          return resolve({ error: message.subarray(4, -1).toString() });
        }
        if (kind !== 3 || message.readUInt16BE(2) !== expected) return;
        hash.update(message.subarray(4));
        bytes += message.length - 4;
        socket.send(Buffer.from([0, 4, expected >> 8, expected & 255]), port, server);
        expected++;
        if (message.length >= 516) return;
        clearTimeout(timer);
        resolve({ bytes, sha256: hash.digest('hex') });
      });
      socket.send(Buffer.from(`\0\x01${name}\0octet\0`), 69, server);
    });
  } finally {
    socket.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as Ask;
  if (asked.discover) console.log(JSON.stringify({ offers: await ask(asked.discover) }));
  else if (asked.tftp) console.log(JSON.stringify(await tftp(asked.tftp)));
  else if (asked.foreign)
    console.log(JSON.stringify({ foreign: await findForeignBoot({ broadcast: BROADCAST, ...asked.foreign }) }));
}
process.exit(0);
