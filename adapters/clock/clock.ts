import { openSync, readSync } from 'node:fs';
import type { Clock } from '../../services/ports.ts';

/** /proc/uptime has a grain of 10 ms; a smaller difference to the monotonic clock is taken for that, not for sleep. */
const SUSPEND_NOTICED_MS = 50;
/** setTimeout cannot wait longer. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const monotonicMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
};

/**
 * CLOCK_BOOTTIME in milliseconds: the monotonic clock plus the time spent suspended. Node reads no such clock itself,
 * but /proc/uptime does. It is read on every call, since a suspend may end between any two of them. Processes of one
 * machine agree to within {@link SUSPEND_NOTICED_MS}, and exactly when it never slept. Needs a genuine /proc.
 */
export function bootTimeClock(): () => number {
  const uptime = openSync('/proc/uptime', 'r');
  const bytes = Buffer.alloc(64);
  let suspendedMs = 0;
  return () => {
    readSync(uptime, bytes, 0, bytes.length, 0);
    // Read second: being interrupted in between can hide some suspended time for a moment, but never invent any.
    const nowMs = monotonicMs();
    const hiddenMs = Number.parseFloat(bytes.toString('latin1')) * 1_000 - nowMs;
    if (hiddenMs > suspendedMs + SUSPEND_NOTICED_MS) suspendedMs = hiddenMs;
    return nowMs + suspendedMs;
  };
}

export function createClock(): Clock {
  const now = bootTimeClock();
  return {
    now,
    wall: Date.now,
    after(afterMs, callback) {
      const dueMs = now() + afterMs;
      let timer: NodeJS.Timeout;
      // The event loop's own idea of time is older than ours, so a timer can fire early by our clock.
      const look = () => {
        const leftMs = dueMs - now();
        if (leftMs <= 0) callback();
        else timer = setTimeout(look, Math.min(Math.ceil(leftMs), LONGEST_TIMEOUT_MS));
      };
      timer = setTimeout(look, Math.min(Math.max(0, Math.ceil(afterMs)), LONGEST_TIMEOUT_MS));
      return () => clearTimeout(timer);
    },
  };
}
