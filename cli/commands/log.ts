import { InvalidArgumentError } from 'commander';
import type { Stored } from '../../machines/entries.ts';
import { type Register, wholeNumber } from '../cli.ts';
import { renderEntry } from '../render/log.ts';

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10m`, `2h`, or a time as `Date` reads it; as RFC 3339. */
function since(value: string): string {
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? [];
  const at = unit ? Date.now() - Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS] : Date.parse(value);
  if (Number.isNaN(at)) throw new InvalidArgumentError('Write 30s, 10m, 2h, 1d or a time such as 2025-01-31T12:00.');
  return new Date(at).toISOString();
}

export const log: Register = (program, cli) => {
  program
    .command('log')
    .description('print the log: every decision, with its reason; with --json one entry a line')
    .option('-f, --follow', 'go on as entries come, until Ctrl-C')
    .option('--subject <SUBJECT>', 'only of host/NAME, guest/NAME or cluster')
    .option('--type <TYPE>', 'only of this type or its kind: host.suspected, or guest')
    .option('--since <TIME>', 'only since then: 10m, 2h, or a time', since)
    .option('--last <N>', 'only the last N entries', wholeNumber)
    .action(async (_options, command) => {
      const globals = cli.options<{ follow?: true; subject?: string; type?: string; since?: string; last?: number }>(
        command,
      );
      const { subject, type, last } = globals;
      const query = { subject, type, last: last?.toString(), since: globals.since, follow: globals.follow && '1' };
      for await (const stored of cli.api(globals).lines<Stored>('/v1/log', query, new AbortController().signal)) {
        cli.terminal.out(globals.json ? JSON.stringify(stored) : renderEntry(stored, cli.terminal.paint));
      }
    });
};
