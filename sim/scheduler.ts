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

/** So often the program around the simulation has its turn: its own timers, and messages of other threads. */
const EVENTS_PER_YIELD = 1_000;
const resolved = Promise.resolve();

export function createScheduler(): Scheduler {
  interface Item {
    readonly ms: number;
    readonly order: number;
    readonly run: () => void;
    cancelled: boolean;
  }
  /** A binary heap: no item comes before the one at half its place. */
  const heap: Item[] = [];
  let now = 0;
  let order = 0;

  const before = (a: Item, b: Item) => a.ms < b.ms || (a.ms === b.ms && a.order < b.order);
  const push = (item: Item) => {
    let i = heap.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(item, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = item;
  };
  const pop = () => {
    const last = heap.pop()!;
    const length = heap.length;
    if (length === 0) return;
    let i = 0;
    for (let child = 1; child < length; child = 2 * i + 1) {
      if (child + 1 < length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  };

  const at = (ms: number, run: () => void) => {
    const item = { ms: Math.max(ms, now), order: order++, run, cancelled: false };
    push(item);
    return () => {
      item.cancelled = true;
    };
  };

  /** Runs the next event; false when there is none before `ms`, or `done` says so. */
  const step = (ms: number, done: () => boolean): boolean => {
    for (let item = heap[0]; item && item.ms <= ms; item = heap[0]) {
      if (done()) return false;
      pop();
      if (item.cancelled) continue;
      now = item.ms;
      item.run();
      return true;
    }
    if (!done()) now = Math.max(now, ms);
    return false;
  };

  return {
    now: () => now,
    at,
    clock: () => ({
      now: () => now,
      wall: () => WALL_START_MS + now,
      after: (afterMs, callback) => at(now + afterMs, callback),
    }),
    runUntil: (ms, done = () => false) =>
      new Promise((resolve, reject) => {
        let events = 0;
        const turn = () => {
          try {
            if (!step(ms, done)) return resolve();
          } catch (error) {
            return reject(error);
          }
          events += 1;
          // Every chain of resolved promises runs out before the next event: `turn` is a microtask, and what a microtask
          // gives to `nextTick` is called when no other is left.
          if (events % EVENTS_PER_YIELD === 0) setImmediate(next);
          else process.nextTick(next);
        };
        const next = () => void resolved.then(turn);
        setImmediate(next);
      }),
  };
}
