/** What was caught, how, and after how many runs, as Markdown. */
import { AIMED } from './aimed.ts';
import { HUNTS } from './hunts.ts';
import { MUTANTS } from './list.ts';
import type { Outcome } from './run.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const isSpare = ({ mutant }: Outcome) => MUTANTS.some(({ name, spare }) => name === mutant && spare !== undefined);

export function summaryOf(outcomes: readonly Outcome[]) {
  const needed = outcomes.filter((outcome) => !isSpare(outcome));
  const caught = needed.filter(({ finding }) => finding !== null);
  return {
    mutants: needed.length,
    caught: caught.length,
    onlyAimed: caught.filter(({ finding }) => finding!.hunt.startsWith('aimed ')).length,
    survivors: needed.filter(({ finding, error }) => finding === null && error === null).map(({ mutant }) => mutant),
    broken: outcomes.filter(({ error }) => error !== null).map(({ mutant }) => mutant),
    spare: outcomes.length - needed.length,
    spareCaught: outcomes.filter((one) => isSpare(one) && one.finding !== null).map(({ mutant }) => mutant),
    medianSeeds: median(caught.map(({ seeds }) => seeds)),
    mostSeeds: Math.max(0, ...caught.map(({ seeds }) => seeds)),
  };
}

export function sentence(summary: ReturnType<typeof summaryOf>): string {
  const { mutants, caught, onlyAimed, survivors, broken, spare, spareCaught, medianSeeds, mostSeeds } = summary;
  const rest = [
    ...(survivors.length > 0 ? [`survived: ${survivors.join(', ')}`] : []),
    ...(broken.length > 0 ? [`not run: ${broken.join(', ')}`] : []),
    ...(spare > 0 ? [`spare rules broken: ${spare}, missed: ${spareCaught.join(', ') || 'none'}`] : []),
  ];
  const said = `${caught} of ${mutants} caught, ${onlyAimed} of them only by an aimed plan; runs until then: median ${medianSeeds}, most ${mostSeeds}`;
  return [said, ...rest].join('; ');
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function row({ mutant: name, finding, seeds, error }: Outcome): string {
  const { rule = '', section = '', spare } = MUTANTS.find((one) => one.name === name) ?? {};
  const by =
    error !== null
      ? `broken: ${error}`
      : finding === null
        ? spare === undefined
          ? '**survived**'
          : `nothing: ${spare}`
        : `${finding.invariant === null ? '' : `invariant ${finding.invariant}: `}${finding.what}`;
  const faults = finding?.faults.join('; ') ?? '';
  return `| \`${name}\` | ${[`${rule} (${section})`, by, faults, finding?.hunt ?? '', String(seeds)].map(cell).join(' | ')} |`;
}

export function table(outcomes: readonly Outcome[]): string {
  const lines = [
    '| mutant | rule it breaks | caught by | faults that it takes | found in | runs |',
    '|---|---|---|---|---|---|',
  ];
  return [...lines, ...outcomes.map(row)].join('\n');
}

export function grounds(): string {
  const lines = ['| found in | what happens there |', '|---|---|'];
  for (const [name, { about }] of Object.entries(HUNTS)) lines.push(`| ${name} | ${about} |`);
  for (const [name, { about }] of Object.entries(AIMED)) lines.push(`| aimed ${name} | ${about} |`);
  return lines.join('\n');
}
