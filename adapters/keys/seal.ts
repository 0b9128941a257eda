/**
 * Secrets at rest that only the node that sealed them can open: AES-256-GCM under a key derived (HKDF-SHA-256, a salt for each)
 * from the seed of that node's own key. A copy of /etc or of a backup without that seed gives nothing away. Whoever has the seed,
 * or is root on the node, has the secret.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readSeed } from './sign.ts';

const HEADER = 'rekindle-sealed-1';
const [SALT, NONCE, TAG] = [16, 12, 16];

export const isSealed = (content: string): boolean => content.startsWith(`${HEADER}\n`);

/** Content of the file. Throws KEY_UNREADABLE. */
export function seal(seedFile: string, secret: string): string {
  const [salt, nonce] = [randomBytes(SALT), randomBytes(NONCE)];
  const cipher = createCipheriv('aes-256-gcm', keyOf(seedFile, salt), nonce).setAAD(Buffer.from(HEADER));
  const hidden = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return `${HEADER}\n${Buffer.concat([salt, nonce, cipher.getAuthTag(), hidden]).toString('base64')}\n`;
}

/** Null when this seed did not seal it, or it was altered. Throws KEY_UNREADABLE. */
export function unseal(seedFile: string, content: string): string | null {
  const bytes = Buffer.from(content.slice(HEADER.length), 'base64');
  const part = (from: number, length?: number) =>
    bytes.subarray(from, length === undefined ? undefined : from + length);
  if (bytes.length < SALT + NONCE + TAG) return null;
  const key = keyOf(seedFile, part(0, SALT));
  const decipher = createDecipheriv('aes-256-gcm', key, part(SALT, NONCE), { authTagLength: TAG })
    .setAAD(Buffer.from(HEADER))
    .setAuthTag(part(SALT + NONCE, TAG));
  try {
    return Buffer.concat([decipher.update(part(SALT + NONCE + TAG)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

const keyOf = (seedFile: string, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', readSeed(seedFile).getSeed(), salt, HEADER, 32));
