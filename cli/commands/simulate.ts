import { writeFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { reasonOf } from '../../adapters/config/problems.ts';
import { duration, list } from '../../machines/sentences.ts';
import { fail } from '../../services/errors.ts';
import { storyOf, YEARS_AT_MOST } from '../../sim/years/incidents.ts';
import { prepared } from '../../sim/years/prepare.ts';
import { RATES } from '../../sim/years/rates.ts';
import { tellStory } from '../../sim/years/story.ts';
import type { Cli, Globals, Register } from '../cli.ts';
import { renderEvent, renderYears } from '../render/simulate.ts';
import { renderPage } from '../render/simulate-page.ts';
import { simulateYears, type Years } from '../simulate/campaign.ts';
import { readRates } from '../simulate/rates-file.ts';

interface Options {
  readonly years?: number;
  readonly seed: string;
  readonly faultRates?: string;
  readonly boot: number;
  readonly html?: string;
}

export const simulate: Register = (program, cli) => {
  program
    .command('simulate')
    .description('put your own cluster through years of failures, or see one story of them again')
    .argument('[FILE]', 'cluster file; default: the one of --cluster')
    .option('--years <N>', 'so many years of failures', years)
    .option('--seed <SEED>', 'of the years; or of one story of them, like 1.37, which is told as a timeline', seed, '1')
    .option('--fault-rates <FILE>', 'your own failure rates (docs/simulate.md)')
    .option('--boot <SECONDS>', 'a guest serves so long after its start', seconds, 20)
    .option('--html <FILE>', 'also write the report as a page with charts')
    .action(async (file: string | undefined, _options, command) => {
      const globals = cli.options<Options>(command);
      const path = file ?? globals.cluster;
      const { spec } = readClusterFile(path);
      const rates = globals.faultRates === undefined ? RATES : readRates(globals.faultRates);
      const more = [
        ...(globals.faultRates === undefined ? [] : ['--fault-rates', globals.faultRates]),
        ...(globals.boot === 20 ? [] : ['--boot', String(globals.boot)]),
      ];
      const again = (story: string) => ['rekindle simulate', path, '--seed', story, ...more].join(' ');
      const bootMs = globals.boot * 1_000;
      if (globals.seed.includes('.')) return timeline({ spec, rates, bootMs }, globals, cli);
      if (globals.years === undefined)
        fail('WRONG_ARGUMENT', { what: 'say how many years with --years N', help: 'rekindle simulate --help' });

      const plan = { spec, rates, years: globals.years, seed: Number(globals.seed), bootMs };
      const report = await simulateYears(plan);
      if (globals.html !== undefined) writePage(globals.html, renderPage(plan, report, again));
      const columns = cli.terminal.interactive ? cli.terminal.columns() : Number.POSITIVE_INFINITY;
      const { outagesMs: _, ...summary } = report.summary;
      const stories = summary.worst.map((story) => ({ ...story, again: again(story.seed) }));
      cli.print(
        globals,
        { cluster: spec.cluster, seed: plan.seed, bootMs, rates, ...summary, worst: stories, tried: report.tried },
        [
          ...renderYears(report, again, cli.terminal.paint, columns),
          ...(globals.html === undefined ? [] : ['', `The page is in ${globals.html}`]),
        ],
      );
    });
};

/** Throws UNKNOWN_STORY. */
async function timeline({ spec, rates, bootMs }: Omit<Years, 'years' | 'seed'>, globals: Globals & Options, cli: Cli) {
  const cluster = prepared(spec);
  const story = storyOf(cluster, rates, globals.seed);
  if (!story) return fail('UNKNOWN_STORY', { seed: globals.seed });
  const { paint } = cli.terminal;
  const lines: string[] = [];
  const outcome = await tellStory(cluster, story, { rates, bootMs }, (event) => {
    const line = renderEvent(event, paint);
    if (line !== null) lines.push(line);
  });
  const guests = outcome.outages.map(({ guest, fromMs, toMs }) => `${guest} ${duration(toMs - fromMs)}`);
  cli.print(globals, { story, outcome }, [
    ...lines,
    '',
    guests.length === 0 ? 'no guest was down' : `down: ${list(guests, 20)}`,
    `fences ${outcome.fences}, resets by a watchdog ${outcome.resets}`,
    ...(outcome.unsettled === null ? [] : [paint('red', `not well again at the end: ${outcome.unsettled}`)]),
  ]);
}

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (cause) {
    fail('REPORT_UNWRITABLE', { file, reason: reasonOf(cause) }, cause);
  }
}

function years(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= YEARS_AT_MOST) return Number(value);
  throw new InvalidArgumentError(`Write a whole number from 1 to ${YEARS_AT_MOST}.`);
}

function seed(value: string): string {
  if (/^\d{1,9}(\.[1-9]\d{0,8})?$/.test(value)) return value;
  throw new InvalidArgumentError('Write a whole number, or a story like 1.37.');
}

function seconds(value: string): number {
  if (/^\d{1,4}(\.\d+)?$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Write a number of seconds.');
}
