/** Keys and secrets of machines under installation, which know openssl and no nkeys. */
import { createPublicKey, randomBytes, verify } from 'node:crypto';

/** DER of an Ed25519 public key (RFC 8410) up to its 32 bytes. */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

/** True when the Ed25519 `signature` (base64) over `text` is of `publicKey` (32 bytes, base64). Never throws. */
export function verifyRaw(publicKey: string, text: string, signature: string): boolean {
  try {
    const raw = Buffer.from(publicKey, 'base64');
    if (raw.length !== 32) return false;
    const key = createPublicKey({ key: Buffer.concat([SPKI_ED25519, raw]), format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** 256 random bits in letters that a kernel's command line and an URL can carry. */
export const secret = (): string => randomBytes(32).toString('base64url');
