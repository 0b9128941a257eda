/** `npm run mutants`: is every safety rule missed when it is broken? docs/mutants.md has the answer as last measured. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { AIMED } from './aimed.ts';
import { HUNTS } from './hunts.ts';
import { MUTANTS } from './list.ts';
import { hunt, huntAll, type Outcome } from './run.ts';
import { grounds, sentence, summaryOf, table } from './table.ts';

const USAGE = `npm run mutants -- [--only NAME,...] [--seeds N] [--workers N] [--json] [--write PAGE] [--unbroken]

  --only NAME,...  these mutants; part of a name will do
  --seeds N        random runs for each mutant and hunt at most (default 500; aimed plans: 40)
  --workers N      processes at a time (default: one for each core)
  --write PAGE     puts the tables into a page, between its marks
  --unbroken       every hunt and aimed plan on the code as it is: there must be nothing to find
  --json           the outcomes as JSON on stdout
`;

function fail(code: string, what: string): never {
  process.stderr.write(`${code} ${what}\n\n${USAGE}`);
  process.exit(2);
}

const string = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = { only: string, seeds: string, workers: string, write: string, json: flag, unbroken: flag, help: flag };
const values = (() => {
  try {
    return parseArgs({ args: process.argv.slice(2), options }).values;
  } catch (error) {
    return fail('MUTANTS_ARGUMENTS', (error as Error).message);
  }
})();
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const whole = (text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise;
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : fail('MUTANTS_ARGUMENTS', `"${text}" is no number of runs`);
};
const seeds = whole(values.seeds, 500);
const workers = whole(values.workers, availableParallelism());

/** Between these lines of the page stands what was measured. */
const marks = (what: string) => [`<!-- ${what} -->`, `<!-- /${what} -->`] as const;
function write(page: string, parts: Readonly<Record<string, string>>): void {
  let text = readFileSync(page, 'utf8');
  for (const [what, inside] of Object.entries(parts)) {
    const [begin, end] = marks(what);
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to < from) fail('MUTANTS_PAGE', `${page} has no place for "${what}": add ${begin} and ${end}`);
    text = `${text.slice(0, from + begin.length)}\n\n${inside}\n\n${text.slice(to)}`;
  }
  writeFileSync(page, text);
}

if (values.unbroken) {
  const names = [...Object.keys(HUNTS), ...Object.keys(AIMED).map((name) => `aimed ${name}`)];
  const wanted = names.filter((name) => (values.only ?? '').split(',').some((part) => name.includes(part)));
  const outcomes: (Outcome & { hunt: string })[] = [];
  const next = async () => {
    for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
      const outcome = { hunt: name, ...(await hunt('none', [name], seeds)) };
      outcomes.push(outcome);
      const { finding, error } = outcome;
      const said =
        error ?? (finding ? `seed ${finding.seed}: ${finding.what} | ${finding.faults.join('; ')}` : 'nothing');
      process.stderr.write(`${name}: ${said} (${outcome.seeds} runs)\n`);
    }
  };
  await Promise.all(Array.from({ length: workers }, next));
  if (values.json) process.stdout.write(`${JSON.stringify(outcomes, null, 2)}\n`);
  process.exit(outcomes.some(({ finding, error }) => finding !== null || error !== null) ? 1 : 0);
}

const parts = values.only?.split(',');
const wanted = MUTANTS.filter(({ name }) => parts?.some((part) => name.includes(part)) ?? true);
if (wanted.length === 0) fail('MUTANTS_ARGUMENTS', `no mutant is called "${values.only}"`);
let finished = 0;
const outcomes = await huntAll(wanted, seeds, workers, ({ mutant, finding, seeds: runs, error }) => {
  finished += 1;
  const said = error ?? (finding ? `${finding.what} [${finding.hunt}, seed ${finding.seed}]` : 'SURVIVED');
  process.stderr.write(`${finished}/${wanted.length} ${mutant}, ${runs} runs: ${said}\n`);
});
const summary = summaryOf(outcomes);
if (values.write)
  write(values.write, {
    summary: `${sentence(summary)}. At most ${seeds} random runs for each mutant and hunt.`,
    outcomes: table(outcomes),
    grounds: grounds(),
  });
process.stdout.write(values.json ? `${JSON.stringify({ summary, outcomes }, null, 2)}\n` : `${sentence(summary)}\n`);
process.exit(summary.caught === summary.mutants && summary.broken.length === 0 ? 0 : 1);
