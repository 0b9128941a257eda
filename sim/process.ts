/**
 * One operating-system process as the world treats it. Everything that reaches a simulated daemon comes through here,
 * so that a process that is dead hears nothing, one that stands still hears it later, and one that waits for a slow disk
 * acts no earlier than the write has ended.
 */
import type { Scheduler } from './scheduler.ts';

export interface Process {
  alive(): boolean;
  /** Virtual time as this process has it: behind a slow write, the end of that write. */
  nowMs(): number;
  /** Runs `task` in this process as soon as it can run anything; never when it is dead. */
  enter(task: () => void): void;
  after(ms: number, task: () => void): () => void;
  delay(ms: number): Promise<void>;
  /** A call that blocks the process for so long. */
  holdUp(ms: number): void;
  pause(): void;
  resume(): void;
  kill(): void;
}

/** What waits for a process that stands still; sockets hold no more either. */
const CAPACITY = 20_000;

export function createProcess(scheduler: Scheduler): Process {
  let alive = true;
  let pauses = 0;
  let busyUntilMs = 0;
  let waiting: (() => void)[] = [];

  const nowMs = () => Math.max(scheduler.now(), busyUntilMs);
  const enter = (task: () => void) => {
    if (!alive) return;
    if (pauses > 0) {
      if (waiting.length < CAPACITY) waiting.push(task);
    } else if (scheduler.now() < busyUntilMs) scheduler.at(busyUntilMs, () => enter(task));
    else task();
  };
  const after = (ms: number, task: () => void) => scheduler.at(nowMs() + ms, () => enter(task));

  return {
    alive: () => alive,
    nowMs,
    enter,
    after,
    delay: (ms) => new Promise<void>((resolve) => void after(ms, resolve)),
    holdUp(ms) {
      busyUntilMs = nowMs() + ms;
    },
    pause() {
      pauses += 1;
    },
    resume() {
      if (--pauses > 0) return;
      const tasks = waiting;
      waiting = [];
      for (const task of tasks) scheduler.at(scheduler.now(), () => enter(task));
    },
    kill() {
      alive = false;
      waiting = [];
    },
  };
}
