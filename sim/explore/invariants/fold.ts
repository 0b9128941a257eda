/** 11: an entry of an older epoch changes nothing. 13: the fold is pure and total: the same entry, the same state, and what it is given stays as it was. */
import { emptyFleet, type Fleet } from '../../../machines/fleet.ts';
import { apply } from '../../../machines/fold.ts';
import { canonicalJson } from '../../../machines/state-hash.ts';
import type { Invariant, Scene } from './invariant.ts';

/** Every entry folded twice would find no more. */
const AGAIN_EVERY = 10;

/** What every entry moves: the head of the log. */
const HEAD = { seq: 0, hash: '', wallMs: 0, nowMs: 0 };
const besidesHead = (fleet: Fleet) => canonicalJson({ ...fleet, ...HEAD });

/** Whoever writes to it throws. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
}

export function watchFold({ violated }: Scene): Invariant {
  let fleets = [freeze(emptyFleet)];

  return {
    event(event) {
      if (event.kind === 'rollback') fleets = fleets.slice(0, event.fromSeq);
      if (event.kind !== 'entry') return;
      const { seq, entry } = event.stored;
      const before = fleets[seq - 1];
      // A log that does not follow from itself is told by another rule (14).
      if (!before) return;
      let after: Fleet;
      try {
        after = freeze(apply(before, event.stored));
      } catch (error) {
        return violated(13, `${entry.type} ${entry.id} cannot be folded: ${String(error)}`);
      }
      fleets[seq] = after;
      if (entry.epoch < before.epoch && besidesHead(before) !== besidesHead(after))
        violated(11, `${entry.type} ${entry.id} changed the state, and epoch ${before.epoch} had begun`);
      if (seq % AGAIN_EVERY === 0 && canonicalJson(apply(before, event.stored)) !== canonicalJson(after))
        violated(13, `${entry.type} ${entry.id} folded twice gives two states`);
    },
  };
}
