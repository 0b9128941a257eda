/** One fold for all nodes of a simulation that hold the very same state. */
import type { Stored } from '../machines/entries.ts';
import type { Fleet } from '../machines/fleet.ts';
import { apply } from '../machines/fold.ts';

/** `apply`, which remembers what the last entry made of each state that somebody still holds. */
export function foldOnce(): typeof apply {
  const made = new WeakMap<Fleet, { readonly by: Stored; readonly next: Fleet }>();
  return (fleet, stored) => {
    const known = made.get(fleet);
    // Entries are shared by all nodes, too: another object may be another entry.
    if (known?.by === stored) return known.next;
    const next = apply(fleet, stored);
    made.set(fleet, { by: stored, next });
    return next;
  };
}
