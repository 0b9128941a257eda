/** A bar on stderr, where somebody looks at it. */
const WIDTH = 30;
const EVERY_MS = 100;

export interface Progress {
  at(count: number): void;
  end(): void;
}

export function progress(what: string, of: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY || of === 0) return { at() {}, end() {} };
  const beganMs = Date.now();
  let drawnMs = 0;
  return {
    at(count) {
      const nowMs = Date.now();
      if (nowMs - drawnMs < EVERY_MS && count < of) return;
      drawnMs = nowMs;
      const full = Math.round((count / of) * WIDTH);
      const leftS = Math.ceil(((nowMs - beganMs) / 1_000) * (of / count - 1));
      const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
      stream.write(`\r\x1b[K${what} ${bar} ${count}/${of}, ${leftS} s left`);
    },
    end: () => void stream.write('\r\x1b[K'),
  };
}
