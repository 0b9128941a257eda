/** How time passes on either side of a contract: invented time is moved on, real time is waited for, both within a bound. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Scheduler } from '../../sim/scheduler.ts';

/** Far beyond what anything here takes on a busy machine. */
const BOUND_MS = 20_000;

export interface Passing {
  /** What `promise` comes to. Throws when it has not settled within the bound. */
  settle<T>(promise: Promise<T>, withinMs?: number): Promise<T>;
  /** Waits until it is so; `isSo` settles by itself what it has to ask. Throws when it never is within the bound. */
  until(what: string, isSo: () => boolean | Promise<boolean>, withinMs?: number): Promise<void>;
  /** Lets time pass in which nothing is expected to happen, or everything that could. */
  advance(ms: number): Promise<void>;
  /** Calls back again and again, whatever else goes on. Returns its end. */
  every(ms: number, task: () => void): () => void;
  /** Aborted after so much of this side's time. */
  abortAfter(ms: number): AbortSignal;
  /** How long something took, in this side's milliseconds. */
  timed<T>(promise: Promise<T>): Promise<{ readonly value: T; readonly ms: number }>;
}

function passing(
  nowMs: () => number,
  parts: Pick<Passing, 'settle' | 'advance' | 'every' | 'abortAfter'>,
  stepMs: number,
): Passing {
  return {
    ...parts,
    async until(what, isSo, withinMs = BOUND_MS) {
      for (const endMs = nowMs() + withinMs; !(await isSo()); await parts.advance(stepMs))
        if (nowMs() > endMs) throw new Error(`never happened: ${what}`);
    },
    async timed(promise) {
      const beganMs = nowMs();
      return { value: await parts.settle(promise), ms: nowMs() - beganMs };
    },
  };
}

export function virtually(scheduler: Scheduler): Passing {
  const { now } = scheduler;
  return passing(
    now,
    {
      async settle(promise, withinMs = BOUND_MS) {
        let settled = false;
        const note = () => {
          settled = true;
        };
        promise.then(note, note);
        await scheduler.runUntil(now() + withinMs, () => settled);
        if (!settled) throw new Error(`not settled after ${withinMs} ms`);
        return promise;
      },
      advance: (ms) => scheduler.runUntil(now() + ms),
      every(ms, task) {
        let cancel = () => {};
        const again = () => {
          cancel = scheduler.at(now() + ms, () => {
            again();
            task();
          });
        };
        again();
        return () => cancel();
      },
      abortAfter(ms) {
        const abort = new AbortController();
        scheduler.at(now() + ms, () => abort.abort());
        return abort.signal;
      },
    },
    5,
  );
}

export const really: Passing = passing(
  () => performance.now(),
  {
    async settle(promise, withinMs = BOUND_MS) {
      const given = new AbortController();
      const late = wait(withinMs, undefined, { signal: given.signal }).then(() => {
        throw new Error(`not settled after ${withinMs} ms`);
      });
      late.catch(() => {});
      return Promise.race([promise, late]).finally(() => given.abort());
    },
    advance: (ms) => wait(ms),
    every(ms, task) {
      const timer = setInterval(task, ms);
      return () => clearInterval(timer);
    },
    abortAfter: (ms) => AbortSignal.timeout(ms),
  },
  5,
);
