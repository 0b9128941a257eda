import type { Clock } from './ports.ts';

/**
 * Who was heard when. A node that was itself cut off must not take its own deafness for the silence of others: after
 * a gap in which it heard nobody, everybody's silence is counted anew from the first thing heard.
 */
export interface Hearing {
  /** From now on it listens: every silence is counted from here at the earliest. */
  begin(): void;
  /** A sign of life. */
  heard(host: string): void;
  /** Anything at all from another node: a sign that this one can hear. */
  noise(from: string): void;
  /** Milliseconds since `host` was heard, or since this node could hear at all, whichever is less. */
  silentMs(host: string): number;
  /** Milliseconds since `host` was really heard; null when never. */
  heardAgoMs(host: string): number | null;
}

export function createHearing(self: string, gapMs: number, clock: Clock): Hearing {
  const last = new Map<string, number>();
  let hearingSince = clock.now();
  let lastOther = hearingSince;

  const noise = (from: string) => {
    if (from === self) return;
    const now = clock.now();
    if (now - lastOther > gapMs) hearingSince = now;
    lastOther = now;
  };

  return {
    begin() {
      hearingSince = clock.now();
      lastOther = hearingSince;
    },
    noise,
    heard(host) {
      noise(host);
      last.set(host, clock.now());
    },
    silentMs: (host) => clock.now() - Math.max(last.get(host) ?? 0, hearingSince),
    heardAgoMs: (host) => (last.has(host) ? clock.now() - last.get(host)! : null),
  };
}
