/** The clocks of one node: a rate that may be wrong, a wall clock that may jump, a start that no other node shares. */
import type { Clock } from '../services/ports.ts';
import type { Process } from './process.ts';
import { type Scheduler, WALL_START_MS } from './scheduler.ts';

export interface NodeClock {
  /** Clock.now as the kernel has it at this moment. */
  nowMs(): number;
  /** 0.005 runs 0.5 % fast. */
  setDrift(ratio: number): void;
  stepWall(byMs: number): void;
  /** CLOCK_BOOTTIME begins anew with each boot. */
  boot(): void;
  clockOf(process: Process): Clock;
  /** Calls back when this clock has advanced by `ms`, whether or not any process runs. */
  after(ms: number, callback: () => void): () => void;
}

/** A shorter wait could be lost in rounding; whoever waits for what is left of one would wait in this moment for ever. */
const GRAIN_MS = 1e-3;

export function createNodeClock(scheduler: Scheduler, firstMs: number): NodeClock {
  let base = { virtualMs: 0, localMs: firstMs };
  let rate = 1;
  let wallOffsetMs = 0;

  const local = (virtualMs: number) => base.localMs + (virtualMs - base.virtualMs) * rate;
  const rebase = (localMs: number) => {
    base = { virtualMs: scheduler.now(), localMs };
  };
  const nowMs = () => local(scheduler.now());

  const schedule = (dueMs: number, woken: () => void): (() => void) => {
    const leftMs = (dueMs - nowMs()) / rate;
    return scheduler.at(scheduler.now() + (leftMs > 0 ? Math.max(leftMs, GRAIN_MS) : 0), woken);
  };

  /** Also when the rate changes meanwhile, no timer fires before its time on this clock. */
  const arm = (dueMs: number, wake: (fire: () => void) => void, callback: () => void): (() => void) => {
    let ended = false;
    const fire = () => {
      if (ended) return;
      if (nowMs() < dueMs - 1e-6) cancel = schedule(dueMs, woken);
      else callback();
    };
    const woken = () => wake(fire);
    let cancel = schedule(dueMs, woken);
    return () => {
      ended = true;
      cancel();
    };
  };

  return {
    nowMs,
    setDrift(ratio) {
      rebase(nowMs());
      rate = 1 + ratio;
    },
    stepWall(byMs) {
      wallOffsetMs += byMs;
    },
    boot: () => rebase(1_000),
    clockOf: (process) => ({
      now: () => local(process.nowMs()),
      wall: () => WALL_START_MS + process.nowMs() + wallOffsetMs,
      after: (afterMs, callback) => arm(local(process.nowMs()) + afterMs, process.enter, callback),
    }),
    after: (ms, callback) => arm(nowMs() + ms, (fire) => fire(), callback),
  };
}
