/** Virtual time: everything that will happen is in one queue, and time jumps from one event to the next. */
import type { Clock } from '../services/ports.ts';

export interface Scheduler {
  now(): number;
  at(ms: number, run: () => void): () => void;
  /** A node's clock over this time. Wall time starts at a fixed moment, so runs repeat byte for byte. */
  clock(): Clock;
  /** Runs until virtual time `ms`, or until `done` says so after an event. */
  runUntil(ms: number, done?: () => boolean): Promise<void>;
}

export const WALL_START_MS = Date.parse('2026-01-01T00:00:00Z');

/** Long enough for every chain of resolved promises between two events to run out. */
const drained = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createScheduler(): Scheduler {
  interface Item {
    readonly ms: number;
    readonly order: number;
    readonly run: () => void;
    cancelled: boolean;
  }
  const heap: Item[] = [];
  let now = 0;
  let order = 0;

  const before = (a: Item, b: Item) => a.ms < b.ms || (a.ms === b.ms && a.order < b.order);
  const swap = (i: number, j: number) => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  const push = (item: Item) => {
    let i = heap.push(item) - 1;
    while (i > 0 && before(heap[i]!, heap[(i - 1) >> 1]!)) {
      swap(i, (i - 1) >> 1);
      i = (i - 1) >> 1;
    }
  };
  const pop = (): Item | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || top === last) return top;
    heap[0] = last;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      let least = i;
      if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
      if (right < heap.length && before(heap[right]!, heap[least]!)) least = right;
      if (least === i) return top;
      swap(i, least);
      i = least;
    }
  };

  const at = (ms: number, run: () => void) => {
    const item = { ms: Math.max(ms, now), order: order++, run, cancelled: false };
    push(item);
    return () => {
      item.cancelled = true;
    };
  };

  return {
    now: () => now,
    at,
    clock: () => ({
      now: () => now,
      wall: () => WALL_START_MS + now,
      after: (afterMs, callback) => at(now + afterMs, callback),
    }),
    async runUntil(ms, done = () => false) {
      await drained();
      while (heap[0] && heap[0].ms <= ms && !done()) {
        const item = pop()!;
        if (item.cancelled) continue;
        now = item.ms;
        item.run();
        await drained();
      }
      if (!done()) now = Math.max(now, ms);
    },
  };
}
