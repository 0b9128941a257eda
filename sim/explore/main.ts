/** `npm run explore`: random clusters under random faults on every core, every invariant checked. docs/explore.md */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { CONFIGS, type ConfigName } from './cluster.ts';
import { explorePool } from './pool.ts';
import { createProgress } from './progress.ts';
import { randomPlan } from './random-plan.ts';
import { runSeed } from './run-seed.ts';
import { failureOf, shrink } from './shrink.ts';
import { failureLines, storyOf } from './story.ts';
import { createSummary, type Summary, summaryLine } from './summary.ts';

const USAGE = `npm run explore -- [--minutes N | --seeds A..B] [--config ${CONFIGS.join('|')}] [--workers N] [--json] [--story SEED]

  --minutes N   for so many minutes (default 1), from seed 1 or from the first of --seeds
  --seeds A..B  these seeds; one alone: A
  --config      the kind of cluster (default any)
  --workers N   worker threads (default: one for each core)
  --json        the summary as JSON on stdout
  --story SEED  runs one seed, shrinks its plan if it fails, and tells what happened
`;

interface Options {
  readonly minutes: number | null;
  readonly seeds: { readonly first: number; readonly last: number };
  readonly config: ConfigName;
  readonly workers: number;
  readonly json: boolean;
  readonly story: number | null;
}

function fail(what: string): never {
  process.stderr.write(`EXPLORE_ARGUMENTS ${what}\n\n${USAGE}`);
  process.exit(2);
}

const whole = (text: string, name: string): number =>
  /^\d+$/.test(text) ? Number(text) : fail(`--${name} needs a whole number, not "${text}"`);

function optionsOf(args: string[]): Options {
  const string = { type: 'string' } as const;
  const parsed = (() => {
    try {
      const flags = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
      const options = { minutes: string, seeds: string, config: string, workers: string, story: string, ...flags };
      return parseArgs({ args, options }).values;
    } catch (error) {
      return fail((error as Error).message);
    }
  })();
  if (parsed.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const config = (parsed.config ?? 'any') as ConfigName;
  if (!CONFIGS.includes(config)) fail(`there is no config "${config}"`);
  const minutes = parsed.minutes === undefined ? null : Number(parsed.minutes);
  if (minutes !== null && !(minutes > 0)) fail(`--minutes needs a number above 0, not "${parsed.minutes}"`);
  const [first, last] = (parsed.seeds ?? '').split('..');
  const from = first ? whole(first, 'seeds') : 1;
  return {
    minutes: minutes ?? (parsed.seeds === undefined ? 1 : null),
    seeds: {
      first: from,
      last: last ? whole(last, 'seeds') : minutes === null && first ? from : Number.MAX_SAFE_INTEGER,
    },
    config,
    workers: parsed.workers === undefined ? availableParallelism() : Math.max(1, whole(parsed.workers, 'workers')),
    json: parsed.json === true,
    story: parsed.story === undefined ? null : whole(parsed.story, 'story'),
  };
}

async function explore(options: Options, stop: AbortController): Promise<Summary> {
  // Not once: a terminal and npm may each send it.
  process.on('SIGINT', () => stop.abort());
  process.on('SIGTERM', () => stop.abort());
  const summary = createSummary();
  const progress = createProgress(options, summary.now);
  let seed = options.seeds.first;
  await explorePool({
    ...options,
    signal: stop.signal,
    next: () => (seed > options.seeds.last || progress.over() ? null : seed++),
    onFinished(finished) {
      summary.add(finished);
      const { result } = finished;
      const lines = failureLines(result);
      const to = options.json ? process.stderr : process.stdout;
      if (lines.length > 0) progress.say(`seed ${result.seed}: ${lines[0]}`, to);
    },
  });
  progress.end();
  return summary.now();
}

/** The first failing seed of each kind, shrunk and told. */
async function tellFailures(summary: Summary, { config }: Options): Promise<void> {
  const told = new Set<string>();
  for (const failing of summary.failing) {
    const failure = failureOf(failing);
    if (failure === null || told.has(failure) || told.size >= 3) continue;
    told.add(failure);
    await tellOne(failing.seed, config, failure);
  }
}

async function tellOne(seed: number, config: ConfigName, failure: string | null): Promise<void> {
  const plan = randomPlan(seed, config);
  const small = failure === null ? { plan, runs: 0 } : await shrink(seed, plan, failure);
  process.stdout.write(`\n${await storyOf(seed, small.plan)}\n`);
  if (failure === null) return;
  process.stdout.write(
    `\nTo keep it, add to sim/explore/kept.json:\n${JSON.stringify({ seed, found: failure, plan: small.plan })}\n`,
  );
}

const options = optionsOf(process.argv.slice(2));
if (options.story !== null) {
  const result = await runSeed(options.story, { config: options.config });
  const failure = failureOf(result);
  await tellOne(options.story, options.config, failure);
  process.exit(failure === null ? 0 : 1);
}
const stop = new AbortController();
const summary = await explore(options, stop);
process.stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : `${summaryLine(summary)}\n`);
// Who stops it wants it to end: each seed that failed can be told later.
if (!options.json && !stop.signal.aborted) await tellFailures(summary, options);
process.exit(summary.violations + summary.unsettled > 0 ? 1 : 0);
