/** A bar that moves on a terminal, plain lines anywhere else. Real time: this is the command, not the simulation. */
import { type Summary, summaryLine } from './summary.ts';

interface Aim {
  readonly minutes: number | null;
  readonly seeds: { readonly first: number; readonly last: number };
}

export interface Progress {
  /** The minutes are over. */
  over(): boolean;
  /** A line of its own on `to`, at once. */
  say(line: string, to: NodeJS.WritableStream): void;
  end(): void;
}

const BAR = 24;
const DRAW_EVERY_MS = 500;
const LINE_EVERY_MS = 10_000;

export function createProgress({ minutes, seeds }: Aim, summary: () => Summary): Progress {
  const out = process.stderr;
  const began = performance.now();
  const wanted = seeds.last - seeds.first + 1;
  const done = () =>
    Math.min(1, minutes === null ? summary().seeds / wanted : (performance.now() - began) / (minutes * 60_000));
  const line = () => {
    const full = Math.round(done() * BAR);
    return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${Math.floor(done() * 100)} %  ${summaryLine(summary())}`;
  };
  const clear = () => out.isTTY && out.write('\r\x1b[K');
  const draw = () => {
    clear();
    out.write(out.isTTY ? line().slice(0, (out.columns || 120) - 1) : `${line()}\n`);
  };
  const timer = setInterval(draw, out.isTTY ? DRAW_EVERY_MS : LINE_EVERY_MS);
  timer.unref();
  return {
    over: () => minutes !== null && performance.now() - began >= minutes * 60_000,
    say(text, to) {
      clear();
      to.write(`${text}\n`);
    },
    end() {
      clearInterval(timer);
      draw();
      if (out.isTTY) out.write('\n');
    },
  };
}
