import type { Clock } from './ports.ts';

/** Calls `task` now and then again `periodMs` after each call began, never two at once. Returns its end. */
export function every(clock: Clock, periodMs: number, task: () => void | Promise<void>): () => void {
  let ended = false;
  let cancel = () => {};
  const run = () => {
    const began = clock.now();
    const rest = () => {
      if (!ended) cancel = clock.after(Math.max(0, began + periodMs - clock.now()), run);
    };
    const working = task();
    if (working instanceof Promise) void working.then(rest);
    else rest();
  };
  run();
  return () => {
    ended = true;
    cancel();
  };
}

/** Calls `task` now and then each time after as many milliseconds as it returned. Returns its end. */
export function again(clock: Clock, task: () => number): () => void {
  let ended = false;
  let cancel = () => {};
  const run = () => {
    const restMs = task();
    if (!ended) cancel = clock.after(restMs, run);
  };
  run();
  return () => {
    ended = true;
    cancel();
  };
}

/** Resolves after `ms` on the clock, or at once when `signal` aborts. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
