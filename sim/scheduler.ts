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

const doubled = (from: Float64Array<ArrayBuffer>) => {
  const to = new Float64Array(2 * from.length);
  to.set(from);
  return to;
};

export function createScheduler(): Scheduler {
  interface Item {
    /** Null when it was cancelled. */
    run: (() => void) | null;
  }
  /**
   * A binary heap, no place before that at half its number: what is to run, when it is due, and its rank at that moment.
   * Numbers apart from what they belong to, or every comparison would fetch two objects from anywhere in memory.
   */
  const items: Item[] = [];
  let dues = new Float64Array(1_024);
  let ranks = new Float64Array(1_024);
  let now = 0;
  let order = 0;

  const before = (a: number, b: number) => dues[a]! < dues[b]! || (dues[a] === dues[b] && ranks[a]! < ranks[b]!);
  const move = (from: number, to: number) => {
    items[to] = items[from]!;
    dues[to] = dues[from]!;
    ranks[to] = ranks[from]!;
  };
  const push = (ms: number, item: Item) => {
    let i = items.push(item) - 1;
    if (i === dues.length) {
      dues = doubled(dues);
      ranks = doubled(ranks);
    }
    // The newest of its moment is the last of it, so only a later moment makes way.
    for (let parent = (i - 1) >> 1; i > 0 && ms < dues[parent]!; parent = (i - 1) >> 1) {
      move(parent, i);
      i = parent;
    }
    items[i] = item;
    dues[i] = ms;
    ranks[i] = order++;
  };
  const pop = () => {
    const last = items.length - 1;
    let i = 0;
    for (let child = 1; child < last; child = 2 * i + 1) {
      if (child + 1 < last && before(child + 1, child)) child += 1;
      if (!before(child, last)) break;
      move(child, i);
      i = child;
    }
    move(last, i);
    items.pop();
  };

  const at = (ms: number, run: () => void) => {
    const item: Item = { run };
    push(Math.max(ms, now), item);
    return () => {
      item.run = null;
    };
  };

  /** Runs the next event; false when there is none before `ms`, or `done` says so. */
  const step = (ms: number, done: () => boolean): boolean => {
    while (items.length > 0 && dues[0]! <= ms) {
      if (done()) return false;
      const { run } = items[0]!;
      const dueMs = dues[0]!;
      pop();
      if (!run) continue;
      now = dueMs;
      run();
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
