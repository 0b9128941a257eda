/** A terminal that remembers what it was told. */
import type { Terminal } from '../../cli/terminal.ts';

export interface Recorded extends Terminal {
  readonly said: string[];
  readonly complained: string[];
  readonly asked: string[];
}

/** `answer`: what the person types; null when there is nobody. */
export function recorder(answer: string | null = null): Recorded {
  const said: string[] = [];
  const complained: string[] = [];
  const asked: string[] = [];
  return {
    said,
    complained,
    asked,
    interactive: false,
    columns: () => 120,
    rows: () => 40,
    out: (text) => void said.push(...text.split('\n')),
    err: (text) => void complained.push(...text.split('\n')),
    draw: () => {},
    paint: (_style, text) => text,
    ask: async (question) => {
      asked.push(question);
      return answer;
    },
    paste: async (question) => {
      asked.push(question);
      return answer ?? '';
    },
    onKey: () => () => {},
    onResize: () => () => {},
  };
}
