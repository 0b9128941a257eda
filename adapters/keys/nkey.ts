/**
 * Keys written as nkeys, for the arithmetic of OpenSSL: that of the library, in JavaScript, takes milliseconds for each
 * signature, and on a machine without a fast CPU a good part of a second.
 * Source: the layout of https://github.com/nats-io/nkeys; RFC 8410 for the DER.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** DER up to the 32 bytes of key or seed. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** First byte of a public key of a user: the only kind here. */
const USER = 20 << 3;

export interface Pair {
  /** As nkey. */
  readonly publicKey: string;
  readonly key: KeyObject;
}

/** `seed`: an nkey that the library has taken for a seed: two bytes of prefix, 32 of seed, CRC-16. */
export function pairOf(seed: string): Pair {
  const bytes = decode(seed);
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8, bytes.subarray(2, 34)]),
    format: 'der',
    type: 'pkcs8',
  });
  bytes.fill(0);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { publicKey: encode(USER, spki.subarray(SPKI.length)), key };
}

/** Throws when it is no public key of a user. */
export function publicKeyOf(nkey: string): KeyObject {
  const bytes = decode(nkey);
  const raw = bytes.subarray(1, 33);
  if (raw.length !== 32 || encode(USER, raw) !== nkey)
    throw new Error(`"${nkey}" is not a public key of the form U… (nkey)`);
  return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
}

function encode(prefix: number, raw: Uint8Array): string {
  const bytes = Buffer.alloc(35);
  bytes[0] = prefix;
  bytes.set(raw, 1);
  bytes.writeUInt16LE(crc16(bytes.subarray(0, 33)), 33);
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
  }
  return text;
}

function decode(text: string): Buffer {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const letter of text) {
    held = ((held << 5) | ALPHABET.indexOf(letter)) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
