const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * PEM (SubjectPublicKeyInfo) of a public Ed25519 key written as nkey: base32 of prefix byte, 32 bytes of key, CRC-16.
 * Source: the layout of https://github.com/nats-io/nkeys; RFC 8410 for the PEM.
 * Throws for anything else.
 */
export function pemOfNkey(nkey: string): string {
  const bytes = base32(nkey);
  if (!/^[A-Z2-7]{56}$/.test(nkey) || bytes.length !== 35 || crc16(bytes.subarray(0, 33)) !== bytes.readUInt16LE(33))
    throw new Error(`"${nkey}" is not a public key of the form U… (nkey)`);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1, 33)]);
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}

function base32(text: string): Buffer {
  let bits = 0;
  let held = 0;
  const bytes: number[] = [];
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
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
