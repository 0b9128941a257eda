/** Ed25519 signatures with nkeys. A seed stays inside its closure: it is in no error, log line or argument. */
import { sign, verify as verified } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fromSeed, type KeyPair } from '@nats-io/nkeys';
import { fail } from '../../services/errors.ts';
import type { Signer, Verify } from '../../services/ports.ts';
import { pairOf, publicKeyOf } from './nkey.ts';

/** The key pair in a file whose only line is a seed. Throws KEY_UNREADABLE. */
export function readSeed(file: string): KeyPair {
  let seed: Buffer;
  try {
    seed = Buffer.from(readFileSync(file, 'utf8').trim());
  } catch (cause) {
    return fail('KEY_UNREADABLE', {
      file,
      reason: cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable',
    });
  }
  try {
    return fromSeed(seed);
  } catch {
    // The library's own message may quote what it was given.
    return fail('KEY_UNREADABLE', { file, reason: 'it holds no nkey seed' });
  }
}

/** Throws KEY_UNREADABLE. */
export function signerFrom(seedFile: string): Signer {
  const { publicKey, key } = pairOf(Buffer.from(readSeed(seedFile).getSeed()).toString());
  return { publicKey, sign: (text) => sign(null, Buffer.from(text), key).toString('base64url') };
}

/** A malformed key or signature verifies nothing, rather than throwing. */
export const verify: Verify = (publicKey, text, signature) => {
  try {
    return verified(null, Buffer.from(text), publicKeyOf(publicKey), Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
};
