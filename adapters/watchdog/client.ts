/** The daemon's end of the petter. */
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { WatchdogSpec } from '../../machines/spec.ts';
import type { Times } from '../../machines/times.ts';
import type { Petter, Say } from '../../services/ports.ts';
import { onLines } from './lines.ts';
import { startPetter } from './start-petter.ts';

const AGAIN_MS = 50;
/** A petter needs about 100 ms until it listens. */
const START_AGAIN_MS = 1_000;

export interface DaemonPetter extends Petter {
  /**
   * For a host seen to run no guest: pets on without a lease until the next `setUntil` or the first grant. Resolves
   * true once that holds and the watchdog is armed; false when a guest is granted, or nothing answers within `timeoutMs`.
   */
  standDown(timeoutMs: number): Promise<boolean>;
  /** Lets go of the petter, which goes on by itself. */
  close(): void;
}

/**
 * The petter of this host, started when none answers and again when it dies: one that comes back within W goes on
 * petting under the same lease. Without a watchdog it pets nothing and `armed` stays null.
 */
export function openPetter(
  { runDir, watchdog, times }: { runDir: string; watchdog: WatchdogSpec; times: Pick<Times, 'watchdogMs'> },
  say: Say,
): DaemonPetter {
  if (watchdog.kind === 'none') {
    return { setUntil() {}, armed: () => null, standDown: async () => false, close() {} };
  }
  let armed: { timeoutMs: number; what: string } | null = null;
  /** The newest order is the only one that matters: what is sent again to a new petter, and all that waits for a slow one. */
  let order: string | null = null;
  let standing = false;
  let link: Socket | null = null;
  let closed = false;
  let startedMs = Number.NEGATIVE_INFINITY;
  let stoodDown: ((is: boolean) => void) | null = null;

  const open = () => {
    const socket = connect(join(runDir, 'petter.sock'));
    socket.once('connect', () => {
      link = socket;
      send();
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (link === socket && !closed) say.warn('petter lost');
      link = null;
      armed = null;
      if (closed) return;
      start();
      setTimeout(open, AGAIN_MS);
    });
    onLines(socket, hear);
  };

  const start = () => {
    if (performance.now() - startedMs < START_AGAIN_MS) return;
    startedMs = performance.now();
    startPetter({ runDir, watchdog, times }, (reason) => say.error('petter not started', { reason }));
  };

  const hear = (line: string) => {
    if (line === 'granted') stoodDown?.(false);
    if (line === 'standing-down') standing = true;
    const [, timeoutMs, what] = /^armed (\d+) (.+)$/.exec(line) ?? [];
    if (what !== undefined) {
      armed = { timeoutMs: Number(timeoutMs), what };
      say.info('watchdog armed', armed);
    } else if (line.startsWith('none ')) {
      armed = null;
      say.warn('watchdog not armed', { why: line.slice('none '.length) });
    }
    if (standing && armed) stoodDown?.(true);
  };

  const send = () => {
    // While one is still leaving, a newer order replaces the one waiting here.
    if (!link || order === null || link.writableLength > 0) return;
    const sent = order;
    link.write(`${sent}\n`, () => {
      if (order !== sent) send();
    });
  };
  const give = (newest: string) => {
    order = newest;
    standing = false;
    send();
  };

  open();
  return {
    setUntil: (untilMs) => give(`until ${Number.isFinite(untilMs) ? untilMs : 0}`),
    armed: () => armed,
    standDown(timeoutMs) {
      stoodDown?.(false);
      return new Promise((resolve) => {
        const timer = setTimeout(() => stoodDown?.(false), timeoutMs);
        stoodDown = (is) => {
          clearTimeout(timer);
          stoodDown = null;
          resolve(is);
        };
        give('stand-down');
      });
    },
    close() {
      closed = true;
      link?.destroy();
    },
  };
}
