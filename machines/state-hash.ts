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

/** The same number, worked out in steps of a few milliseconds each: a lease is renewed between them. */
export function* stateHashInSteps(fleet: Fleet): Generator<void, string> {
  const known = hashes.get(fleet);
  if (known !== undefined) return known;
  const sum = createHash('sha256');
  for (const part of jsonParts(fleet, 'sorted')) {
    sum.update(part);
    yield;
  }
  const hash = sum.digest('hex');
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

/** Characters of a part: some milliseconds of work. */
const PART = 256 * 1_024;
/** A state, its tables, the tables of its cluster file, one thing of those. */
const DEPTH = 3;

/** The state as JSON in parts of about {@link PART} characters: keys in their order, as JSON.stringify has them, or sorted. */
export function* jsonParts(fleet: Fleet, keys: 'in-order' | 'sorted'): Generator<string> {
  let part = '';
  for (const piece of pieces(fleet, DEPTH, keys)) {
    part += piece;
    if (part.length < PART) continue;
    yield part;
    part = '';
  }
  if (part !== '') yield part;
}

function* pieces(value: unknown, depth: number, keys: 'in-order' | 'sorted'): Generator<string> {
  if (depth === 0 || value === null || typeof value !== 'object' || Array.isArray(value)) {
    yield keys === 'sorted' ? canonicalJson(value) : JSON.stringify(value);
    return;
  }
  const names = Object.keys(value);
  if (keys === 'sorted') names.sort();
  let before = '{';
  for (const name of names) {
    const inner = (value as Record<string, unknown>)[name];
    if (inner === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* pieces(inner, depth - 1, keys);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}
