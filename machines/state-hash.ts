/** One number for the whole folded state: replicas that differ in it must not lead. */
import { createHash } from 'node:crypto';
import type { Fleet } from './fleet.ts';

/** A state never changes, and hashing a large one takes long. */
const hashes = new WeakMap<Fleet, string>();

/** SHA-256 (hex) of the state as canonical JSON, keys sorted. Equal for every replica that folded the same entries. */
export function stateHash(fleet: Fleet): string {
  const known = hashes.get(fleet);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(canonicalJson(fleet)).digest('hex');
  hashes.set(fleet, hash);
  return hash;
}

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
