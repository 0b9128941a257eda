/**
 * The process in which one rule is broken: `node child.ts MUTANT SEEDS HUNTS`, MUTANT `none` for the code as it is.
 * Says what it does in JSON, one line each.
 */
import { z } from 'zod';
import { MUTANTS } from './list.ts';
import { breakRule } from './load.ts';

export const saidSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tried'), hunt: z.string(), seed: z.number() }),
  z.strictObject({
    kind: z.literal('found'),
    finding: z.strictObject({
      hunt: z.string(),
      seed: z.number(),
      invariant: z.number().nullable(),
      what: z.string(),
      faults: z.array(z.string()),
    }),
  }),
  z.strictObject({ kind: z.literal('nothing') }),
]);
export type Said = z.infer<typeof saidSchema>;

/** One run takes a tenth of a second; one that takes this much of a processor never ends. */
const RUN_AT_MOST_MS = 60_000;

if (import.meta.main) {
  const [name, seeds, hunts] = process.argv.slice(2);
  const mutant = MUTANTS.find((one) => one.name === name);
  const say = (said: Said) => process.stdout.write(`${JSON.stringify(said)}\n`);
  const left = mutant ? breakRule(mutant) : () => [];
  const { attempt } = await import('./attempt.ts');
  const unused = left();
  if (unused.length > 0)
    throw new Error(`${unused.map(({ file }) => file).join(', ')} was never loaded, so nothing is broken`);

  let began = process.cpuUsage();
  let last = { hunt: '', seed: 0 };
  const guard = setInterval(() => {
    const { user, system } = process.cpuUsage(began);
    if ((user + system) / 1_000 < RUN_AT_MOST_MS) return;
    const finding = { hunt: last.hunt, seed: last.seed + 1, invariant: null, what: 'the run does not end', faults: [] };
    say({ kind: 'found', finding });
    process.exit(0);
  }, 1_000);
  const found = await attempt(hunts!.split(','), Number(seeds), (hunt, seed) => {
    began = process.cpuUsage();
    last = { hunt, seed };
    say({ kind: 'tried', hunt, seed });
  });
  clearInterval(guard);
  say(found ? { kind: 'found', finding: { ...found, faults: [...found.faults] } } : { kind: 'nothing' });
  process.exit(0);
}
