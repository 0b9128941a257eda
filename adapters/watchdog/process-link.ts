import { connect, type Socket } from 'node:net';
import { onLines } from './lines.ts';
import type { Watchdog } from './watchdog.ts';

const AGAIN_MS = 100;

/** A process watchdog (process-watchdog.ts) on its Unix socket. Connects anew for as long as this process lives. */
export function processWatchdog(path: string, timeoutMs: number, now: () => number): Watchdog {
  let link: Socket | null = null;
  let readBackMs: number | null = null;
  let answeredMs = Number.NEGATIVE_INFINITY;

  const open = () => {
    const socket = connect(path);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      link = null;
      readBackMs = null;
      // The next one may be a new process, which nobody has armed.
      answeredMs = Number.NEGATIVE_INFINITY;
      setTimeout(open, AGAIN_MS);
    });
    onLines(socket, (line) => {
      const [word, number] = line.split(' ');
      if (word === 'timeout') {
        link = socket;
        readBackMs = Number(number);
      }
      if (word === 'petted') answeredMs = now();
    });
  };
  open();

  return {
    what: `process ${path}`,
    pet(pettedMs) {
      // A watchdog of another timeout is not the one the leases were computed with: it is not even armed.
      if (link && readBackMs === timeoutMs && link.writableLength === 0) link.write(`pet ${pettedMs}\n`);
    },
    trouble() {
      if (!link) return `no watchdog process answers on ${path}`;
      if (readBackMs !== timeoutMs) return `${path} reads back a timeout of ${readBackMs} ms, not of ${timeoutMs} ms`;
      if (answeredMs === Number.NEGATIVE_INFINITY) return `${path} is not armed yet`;
      // Longer silent than its own timeout: it has expired, or hangs and never will.
      return now() - answeredMs > timeoutMs ? `the watchdog process on ${path} does not answer` : null;
    },
  };
}
