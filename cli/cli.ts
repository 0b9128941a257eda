/** What every command is given. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { LeaderAnswer, Order } from '../services/protocol.ts';
import { type Api, apiAt } from './client.ts';
import type { Terminal } from './terminal.ts';

/** Options that every command takes. */
export interface Globals {
  readonly run: string;
  readonly state: string;
  readonly cluster: string;
  readonly json?: true;
}

export interface Cli {
  readonly terminal: Terminal;
  /** Options of a command, those of the program among them. */
  options<T = object>(command: Command): Globals & T;
  api(globals: Globals): Api;
  /** With `--json` the result as one JSON object, otherwise the lines. */
  print(globals: Globals, result: unknown, lines: readonly string[]): void;
  /** Sends an order; once the leader has accepted it, prints what follows from it. */
  order(globals: Globals, order: Order, line: string): Promise<void>;
}

/** Adds one command to the program. */
export type Register = (program: Command, cli: Cli) => void;

export function createCli(terminal: Terminal): Cli {
  const api = (globals: Globals) => apiAt(join(globals.run, 'api.sock'));
  const print = (globals: Globals, result: unknown, lines: readonly string[]) => {
    terminal.out(globals.json ? JSON.stringify(result) : lines.join('\n'));
  };
  return {
    terminal,
    options: <T>(command: Command) => command.optsWithGlobals<Globals & T>(),
    api,
    print,
    order: async (globals, order, line) => {
      const answer = await api(globals).post<LeaderAnswer>('/v1/orders', order);
      print(globals, answer, [`${line}. Follow it with: rekindle watch`]);
    },
  };
}

/** Who gives an order, for the log: the person behind sudo, not root. */
export function whoami(): string {
  return process.env.SUDO_USER || userInfo().username;
}

/** For options that count. */
export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Write a whole number.');
  return Number(value);
}
