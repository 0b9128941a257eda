import { restartPromiseMs, type Times } from '../../machines/times.ts';

/** What a voter has promised, in memory only; all times on its own Clock. */
export interface Promises {
  extend(host: string, counter: number, now: number): void;
  /** Highest life of `host` that holds an unexpired promise; −1 when none. */
  newestLife(host: string, now: number): number;
  /** Until when at the latest any life of `host` up to `counter` may believe in a promise, as milliseconds from `now`. */
  remainingMs(host: string, counter: number, now: number): number;
}

export function createPromises(times: Times, startedAt: number): Promises {
  const until = new Map<string, Map<number, number>>();

  return {
    extend(host, counter, now) {
      const lives = until.get(host) ?? new Map<number, number>();
      for (const [life, end] of lives) if (end <= now) lives.delete(life);
      lives.set(counter, Math.max(lives.get(counter) ?? 0, now + times.leaseMs));
      until.set(host, lives);
    },

    newestLife(host, now) {
      let newest = -1;
      for (const [life, end] of until.get(host) ?? []) if (end > now) newest = Math.max(newest, life);
      return newest;
    },

    remainingMs(host, counter, now) {
      // What this voter promised before it restarted is forgotten, so it must answer as if it had promised everything
      // to everybody just then. Without this, a leader could wait out less than the host's lease.
      let end = startedAt + restartPromiseMs(times);
      for (const [life, lifeEnd] of until.get(host) ?? []) if (life <= counter) end = Math.max(end, lifeEnd);
      return Math.max(0, end - now);
    },
  };
}
