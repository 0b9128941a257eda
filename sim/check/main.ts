/**
 * `node sim/check/main.ts [--small] [--variant NAME | --variants] [--json]`: every state of the tiny worlds of
 * docs/exhaustive-check.md. Exit code 0: no violation, or with `--variants` every broken variant was found; 1: a violation,
 * or a variant that was not found, or a search that met its bound; 2: wrong usage.
 */
import { errorBody, failure } from '../../services/errors.ts';
import type { Result } from './explore.ts';
import { type Check, FULL, SMALL, VARIANTS } from './variants.ts';

/** About 60 bytes each, and what the worlds share: stays below 2 GB. */
const MOST_STATES = 12_000_000;
const PROGRESS_MS = 1_000;

interface Told extends Result {
  readonly check: string;
  readonly bounds: string;
  readonly variant: string | null;
  readonly breaks: string | null;
  readonly tookMs: number;
  readonly memoryMb: number;
}

function run(check: Check, variant: { name: string; breaks: string } | null): Told {
  const began = performance.now();
  let shown = began;
  const label = variant ? `${variant.name} (${check.check})` : check.check;
  const line = (text: string) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  line(`${label}: ${check.bounds} …`);
  const result = check.run({
    most: MOST_STATES,
    progress({ states, depth, waiting }) {
      const now = performance.now();
      if (now - shown < PROGRESS_MS) return;
      shown = now;
      line(
        `${label}: ${states} states, depth ${depth}, ${waiting} still to be followed, ${Math.round((now - began) / 1_000)} s`,
      );
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return {
    check: check.check,
    bounds: check.bounds,
    variant: variant?.name ?? null,
    breaks: variant?.breaks ?? null,
    ...result,
    tookMs: Math.round(performance.now() - began),
    memoryMb: Math.round(process.memoryUsage().rss / 1e6),
  };
}

function text({
  check,
  bounds,
  variant,
  breaks,
  ended,
  states,
  steps,
  depth,
  tookMs,
  memoryMb,
  violation,
  trace,
}: Told): string {
  const head = variant ? `${variant}: ${breaks}\n  in the check ${check}: ${bounds}` : `${check}: ${bounds}`;
  const took = `${states} states, ${steps} steps, depth ${depth}, ${(tookMs / 1_000).toFixed(1)} s, ${memoryMb} MB`;
  if (ended === 'no-violation') return `${head}\n  no violation; ${took}`;
  if (ended === 'bound')
    return `${head}\n  not finished: stopped at its bound of ${MOST_STATES} states; no violation among them; ${took}`;
  const lines = trace.map((step, i) => `  ${String(i + 1).padStart(3)}. ${step}`);
  return [head, `  ${violation}; ${took}`, ...lines].join('\n');
}

function usage(what: string): never {
  const error = failure('WRONG_ARGUMENT', { what, help: 'docs/exhaustive-check.md' });
  const names = VARIANTS.map(({ name }) => name).join(', ');
  if (process.argv.includes('--json')) console.log(JSON.stringify(errorBody(error)));
  else console.error(`${error.code}: ${error.message}\n${error.todo}\nvariants: ${names}`);
  process.exit(error.exit);
}

let small = false;
let json = false;
let all = false;
let wanted: string | null = null;
const words = process.argv.slice(2);
for (let word = words.shift(); word !== undefined; word = words.shift()) {
  if (word === '--small') small = true;
  else if (word === '--json') json = true;
  else if (word === '--variants') all = true;
  else if (word === '--variant') wanted = words.shift() ?? usage('--variant needs a name');
  else usage(`there is no option ${word}`);
}
const variants = VARIANTS.filter(({ name }) => all || name === wanted);
if (wanted !== null && variants.length === 0) usage(`there is no variant ${wanted}`);

const results: Told[] = [];
const show = (told: Told) => {
  results.push(told);
  if (!json) console.log(text(told));
};
if (variants.length > 0) for (const variant of variants) show(run(variant, variant));
else for (const check of small ? SMALL : FULL) show(run(check, null));
if (json) console.log(JSON.stringify(results));
const good = all ? 'violation' : 'no-violation';
process.exit(results.every(({ ended }) => ended === good) ? 0 : 1);
