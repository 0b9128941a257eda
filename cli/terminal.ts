/** The person's terminal, as commands see it: tests give another one. */
import { createInterface } from 'node:readline/promises';
import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** False: output goes to a file or a pipe. */
  readonly interactive: boolean;
  columns(): number;
  rows(): number;
  /** One line, or several separated by newlines. */
  out(text: string): void;
  err(text: string): void;
  /** Bytes as they are, for drawing. */
  draw(text: string): void;
  /** Plain text when colours are not wanted. */
  paint(style: Style, text: string): string;
  /** A typed answer; null when nobody can be asked. */
  ask(question: string): Promise<string | null>;
  /**
   * Standard input up to where it is whole, ended, or longer than 64 KiB. A terminal shows the question, and nothing of what
   * is typed: it is a secret.
   */
  paste(question: string, isWhole: (text: string) => boolean): Promise<string>;
  /** Calls back with each key until the returned end is called. */
  onKey(listener: (key: string) => void): () => void;
  onResize(listener: () => void): () => void;
}

/** Ctrl-C and Ctrl-D, which a terminal in raw mode passes on. */
const endsAt = (part: string) => Math.max(part.indexOf('\x03'), part.indexOf('\x04'));
const MOST_PASTED = 64 * 1024;

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const colour = stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  // The reader of a pipe may go away early; that is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    interactive: stdout.isTTY === true,
    columns: () => stdout.columns || 120,
    rows: () => stdout.rows || 40,
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    draw: (text) => void stdout.write(text),
    paint: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
    ask: async (question) => {
      if (!stdin.isTTY) return null;
      const reader = createInterface({ input: stdin, output: stderr });
      try {
        return (await reader.question(question)).trim();
      } finally {
        reader.close();
      }
    },
    paste: async (question, isWhole) => {
      const typed = stdin.isTTY === true;
      if (typed) {
        stderr.write(question);
        stdin.setRawMode(true);
      }
      let text = '';
      try {
        for await (const part of stdin.setEncoding('utf8') as AsyncIterable<string>) {
          const end = typed ? endsAt(part) : -1;
          text += (end < 0 ? part : part.slice(0, end)).replaceAll('\r', '\n');
          if (end >= 0 || text.length > MOST_PASTED || isWhole(text)) break;
        }
      } finally {
        if (typed) {
          stdin.setRawMode(false);
          stderr.write('\n');
        }
      }
      return text.slice(0, MOST_PASTED);
    },
    onKey: (listener) => {
      if (!stdin.isTTY) return () => {};
      const onData = (data: Buffer) => listener(data.toString());
      stdin.setRawMode(true).on('data', onData).resume();
      return () => void stdin.off('data', onData).setRawMode(false).pause();
    },
    onResize: (listener) => {
      stdout.on('resize', listener);
      return () => void stdout.off('resize', listener);
    },
  };
}

/** Columns that a text takes on the screen. */
export function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
