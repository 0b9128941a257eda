/**
 * Looks for others that offer a network boot: asks as a machine that nobody has, and that no controller ever answers. So
 * whoever does answer it with a boot file is not ours, and might give our machines a kernel of its own.
 *
 * Plain UDP does: the question goes to the network's own broadcast address, which chooses the interface, and asks for
 * answers by broadcast, which every socket on port 68 hears beside the host's own DHCP client.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Locally administered, and the same on every node: its questions are no hint at a machine with a new network card. */
export const PROBE_MAC = '02:52:4b:00:00:01';

const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const COOKIE = 0x63825363;
const ANSWER_MS = 3_000;
const MAX_FOUND = 16;

export interface RogueProbe {
  /** Broadcast address of the provisioning network. */
  readonly broadcast: string;
  readonly answerMs?: number;
}

/** Asks once as a BIOS and once as a UEFI machine. Resolves with the addresses that offered a boot; rejects when it cannot ask. */
export async function findForeignBoot({ broadcast, answerMs = ANSWER_MS }: RogueProbe): Promise<readonly string[]> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  const found = new Set<string>();
  const asked = new Map([0, 7].map((architecture) => [randomInt(0x1_0000_0000), architecture]));
  socket.on('message', (message, { address }) => {
    const offer = readOffer(message);
    if (offer && asked.has(offer.xid) && offer.boots && found.size < MAX_FOUND) found.add(offer.server ?? address);
  });
  try {
    socket.bind(CLIENT_PORT, '0.0.0.0');
    await once(socket, 'listening');
    socket.setBroadcast(true);
    for (const [xid, architecture] of asked) await send(socket, discover(xid, PROBE_MAC, architecture), broadcast);
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, answerMs)),
      once(socket, 'error').then(([error]) => Promise.reject(error)),
    ]);
    return [...found].sort();
  } finally {
    socket.close();
  }
}

const send = (socket: Socket, message: Buffer, to: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(message, SERVER_PORT, to, (error) => (error ? reject(error) : resolve()));
  });

/** DHCPDISCOVER of a PXE client (RFC 2131, 4578). `architecture`: 0 BIOS, 7 UEFI x86-64. */
export function discover(xid: number, mac: string, architecture: number, more: readonly number[] = []): Buffer {
  const head = Buffer.alloc(240);
  head.set([1, 1, 6, 0]);
  head.writeUInt32BE(xid, 4);
  // Answers by broadcast: this client has no address to be answered at.
  head.writeUInt16BE(0x8000, 10);
  head.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  head.writeUInt32BE(COOKIE, 236);
  const name = Buffer.from(`PXEClient:Arch:${String(architecture).padStart(5, '0')}:UNDI:002001`);
  const options = [
    ...[53, 1, 1],
    ...[60, name.length, ...name],
    ...[93, 2, 0, architecture],
    ...[94, 3, 1, 2, 1],
    ...[97, 17, 0, ...Array<number>(16).fill(0x52)],
    ...[55, 5, 1, 3, 43, 60, 67],
    ...more,
    255,
  ];
  return Buffer.concat([head, Buffer.from(options)]);
}

export interface Offer {
  readonly xid: number;
  readonly mac: string;
  /** Server identifier; null when it gives none. */
  readonly server: string | null;
  readonly bootFile: string;
  /** It says where to boot from, by file, by option or as a PXE server. */
  readonly boots: boolean;
}

/** A DHCPOFFER, or null for anything else. */
export function readOffer(message: Buffer): Offer | null {
  if (message.length < 241 || message[0] !== 2 || message.readUInt32BE(236) !== COOKIE) return null;
  const options = new Map<number, Buffer>();
  for (let at = 240; at < message.length && message[at] !== 255; ) {
    const code = message[at]!;
    if (code === 0) {
      at++;
      continue;
    }
    const length = message[at + 1] ?? 0;
    if (at + 2 + length > message.length) return null;
    options.set(code, message.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (options.get(53)?.[0] !== 2) return null;
  const text = (bytes: Buffer) => bytes.toString('latin1').replace(/\0[\s\S]*$/, '');
  const bootFile = text(message.subarray(108, 236)) || text(options.get(67) ?? Buffer.alloc(0));
  const server = options.get(54);
  return {
    xid: message.readUInt32BE(4),
    mac: message
      .subarray(28, 34)
      .toString('hex')
      .replace(/..(?=.)/g, '$&:'),
    server: server?.length === 4 ? [...server].join('.') : null,
    bootFile,
    boots: bootFile !== '' || text(options.get(60) ?? Buffer.alloc(0)).startsWith('PXEClient'),
  };
}
