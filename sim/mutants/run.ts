/** Hunts mutants in processes of their own, as many at a time as there are cores. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Said, saidSchema } from './child.ts';
import type { Mutant } from './mutant.ts';

export interface Outcome {
  readonly mutant: string;
  /** Runs until it was caught, or in all. */
  readonly seeds: number;
  /** Null: it survived. */
  readonly finding: Extract<Said, { kind: 'found' }>['finding'] | null;
  readonly tookMs: number;
  /** The process broke, so nothing is known. */
  readonly error: string | null;
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** Of what a broken process says last. */
const ERROR_CHARACTERS = 2_000;

/** `name`: of a mutant, or `none` for the code as it is. */
export async function hunt(
  name: string,
  hunts: readonly string[],
  seeds: number,
  signal?: AbortSignal,
): Promise<Outcome> {
  const began = performance.now();
  const child = spawn(process.execPath, [CHILD, name, String(seeds), hunts.join(',')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal ? { signal } : {}),
  });
  const ended = new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? null : `it ended with ${code}`));
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors = `${errors}${data}`.slice(-ERROR_CHARACTERS);
  });
  let tried = 0;
  let last: Said | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    last = saidSchema.parse(JSON.parse(line));
    if (last.kind === 'tried') tried += 1;
  }
  const code = await ended;
  const known = last?.kind === 'found' || last?.kind === 'nothing';
  return {
    mutant: name,
    seeds: tried,
    finding: last?.kind === 'found' ? last.finding : null,
    tookMs: performance.now() - began,
    error: known ? null : `${code ?? 'it said nothing'}: ${errors.trim()}`,
  };
}

export async function huntAll(
  mutants: readonly Mutant[],
  seeds: number,
  atOnce: number,
  done: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const waiting = [...mutants];
  const outcomes = new Map<string, Outcome>();
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await hunt(next.name, next.hunts, seeds);
      outcomes.set(next.name, outcome);
      done(outcome);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return mutants.map(({ name }) => outcomes.get(name)!);
}
