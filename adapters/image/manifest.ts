/** A manifest as bytes, its digest, and the one detached Ed25519 signature over it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromPublic } from '@nats-io/nkeys';
import { fail } from '../../services/errors.ts';
import { type Manifest, manifestSchema } from '../../services/provisioning.ts';
import { readSeed } from '../keys/sign.ts';

/** Larger than any manifest can be. */
const MAX_BYTES = 65_536;

export const MANIFEST_FILE = 'manifest.json';
export const SIGNATURE_FILE = 'manifest.sig';

export interface Signed {
  readonly manifest: Manifest;
  readonly bytes: Buffer;
  /** SHA-256 of the bytes, hex: what the log and plans call the image by. */
  readonly digest: string;
  /** Standard base64. */
  readonly signature: string;
}

/** `seedFile`: an nkey seed. Throws KEY_UNREADABLE. */
export function sign(manifest: Manifest, seedFile: string): Signed {
  const bytes = Buffer.from(`${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`);
  const pair = readSeed(seedFile);
  try {
    return { manifest, bytes, digest: sha256(bytes), signature: Buffer.from(pair.sign(bytes)).toString('base64') };
  } finally {
    pair.clear();
  }
}

/** Reads what a directory holds, and believes none of it yet. Throws IMAGE_INVALID. */
export function readSigned(directory: string): Signed {
  const read = (file: string) => {
    try {
      const bytes = readFileSync(join(directory, file));
      if (bytes.length <= MAX_BYTES) return bytes;
    } catch (cause) {
      return fail('IMAGE_INVALID', { where: directory, reason: `${file} cannot be read` }, cause);
    }
    return fail('IMAGE_INVALID', { where: directory, reason: `${file} is too large` });
  };
  const bytes = read(MANIFEST_FILE);
  const signature = read(SIGNATURE_FILE).toString('utf8').trim();
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    return fail('IMAGE_INVALID', { where: directory, reason: `${MANIFEST_FILE} is no JSON` }, cause);
  }
  const { success, data, error } = manifestSchema.safeParse(parsed);
  if (!success) {
    const [issue] = error.issues;
    const reason = `${MANIFEST_FILE}: ${issue?.path.join('.')}: ${issue?.message}`;
    return fail('IMAGE_INVALID', { where: directory, reason });
  }
  return { manifest: data, bytes, digest: sha256(bytes), signature };
}

/** Name of the key that signed these bytes, out of `provisioning.imageKeys`; null when none did. */
export function signedBy({ bytes, signature }: Signed, keys: Readonly<Record<string, string>>): string | null {
  for (const [name, key] of Object.entries(keys)) {
    try {
      if (fromPublic(key).verify(bytes, Buffer.from(signature, 'base64'))) return name;
    } catch {
      // A malformed key or signature verifies nothing.
    }
  }
  return null;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
