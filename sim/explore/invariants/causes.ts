/** 22: what the engine does by itself names the entry that led to it, or the evidence. */
import type { Invariant, Scene } from './invariant.ts';

const EVIDENCE = new Set(['observation', 'operator']);

export function watchCauses({ simulation, violated }: Scene): Invariant {
  return {
    event(event) {
      if (event.kind !== 'entry') return;
      const { seq, entry } = event.stored;
      if (EVIDENCE.has(entry.cause)) return;
      const at = Number(entry.cause.split('.')[1]);
      const cause = simulation.entries()[at - 1];
      if (!cause || cause.seq >= seq || cause.entry.id !== entry.cause)
        violated(
          22,
          `${entry.type} ${entry.id} names ${entry.cause || 'nothing'} as its cause, which is not in the log`,
        );
    },
  };
}
