/** `rekindle drill FILE`: says what it would do, and does it only to who repeats the hash of exactly that. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet } from '../../machines/fleet.ts';
import { fold } from '../../machines/fold.ts';
import type { Status } from '../../services/api-status.ts';
import { fail, failure } from '../../services/errors.ts';
import { type Problem, StoryError } from '../../sim/story/parse.ts';
import { play } from '../../sim/story/run.ts';
import { sayMs } from '../../sim/story/say-fault.ts';
import { type Cli, type Globals, whoami } from '../cli.ts';
import { until } from '../daemon.ts';
import { unrest } from './health.ts';
import { type Plan, planOf } from './plan.ts';
import { createService } from './world.ts';

export interface DrillOptions extends Globals {
  readonly as: ReadonlyMap<string, string>;
  readonly arm?: string;
  /** So much later than the story expects is in time: a cluster in service has other times than the story's. */
  readonly allowanceMs: number;
}

/** After its end everything must be well again so soon. */
const WELL_WITHIN_MS = 60_000;

/**
 * Throws STORY_UNREADABLE, STORY_INVALID, DRILL_REFUSED, DRILL_NOT_NOW, DRILL_NOT_ARMED; after it has begun DRILL_STOPPED,
 * DRILL_NOT_UNDONE and DRILL_FAILED.
 */
export async function giveDrill(cli: Cli, globals: DrillOptions, file: string): Promise<void> {
  const api = cli.api(globals);
  const status = await api.get<Status>('/v1/status');
  let fleet = emptyFleet;
  for await (const stored of api.lines<Stored>('/v1/log', { from: '1' }, new AbortController().signal))
    fleet = fold(fleet, [stored]);

  const plan = read(file, (text) => planOf(text, globals.as, { fleet, status }));
  const amiss = unrest(fleet, status);
  if (amiss.length > 0) fail('DRILL_NOT_NOW', { cluster: plan.cluster, problems: indented(amiss) });
  const { story: _, ...shown } = plan;
  if (globals.arm === undefined) {
    const lines = [...told(plan), '', `Nothing was done. To do it: rekindle drill ${file} --arm ${plan.hash}`];
    return cli.print(globals, { ...shown, armed: false }, lines);
  }
  if (globals.arm !== plan.hash) fail('DRILL_NOT_ARMED', { given: globals.arm, hash: plan.hash });
  const touches = plan.story.steps.some(
    (step) => step.kind === 'faults' && step.faults.some(({ kind }) => kind !== 'order'),
  );
  if (touches && process.getuid?.() !== 0) fail('NOT_PERMITTED', { what: 'stopping processes of this host' });
  await give(cli, globals, plan);
}

function read<T extends object>(
  file: string,
  make: (text: string) => T | { readonly refusals: readonly Problem[] },
): T {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    return fail('STORY_UNREADABLE', { file, reason });
  }
  const lines = (problems: readonly Problem[]) =>
    indented(problems.map(({ line, what }) => `${basename(file)}:${line}: ${what}`));
  try {
    const made = make(text);
    return 'refusals' in made ? fail('DRILL_REFUSED', { file, problems: lines(made.refusals) }) : made;
  } catch (error) {
    if (!(error instanceof StoryError)) throw error;
    return fail('STORY_INVALID', { file, problems: lines(error.problems) });
  }
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`).join('\n');

const told = ({ story, cluster, node, domain, steps }: Plan): string[] => [
  `${story.title}`,
  `On cluster ${cluster}, from ${node}${domain === null ? '' : `, in failure domain ${domain}`}:`,
  ...steps.map(({ atMs, what, undo }) => `  after ${sayMs(atMs).padEnd(6)} ${what} (undone: ${undo})`),
];

async function give(cli: Cli, globals: DrillOptions, plan: Plan): Promise<void> {
  const service = createService(plan, { api: cli.api(globals), run: globals.run, by: whoami() });
  const interrupted = () => service.stop('it was interrupted');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupted);
  // A reader of the output that goes away ends other commands at once; this one has to undo what it did.
  const leaving = process.stdout.listeners('error') as (() => void)[];
  process.stdout.removeAllListeners('error').on('error', interrupted);
  const { allowanceMs } = globals;
  const heading = `cluster ${plan.cluster}, seconds since the beginning; up to ${sayMs(allowanceMs)} later than expected is in time`;
  const line = (text: string) => {
    if (!globals.json) cli.terminal.out(text);
  };
  let result: Awaited<ReturnType<typeof play>> | null = null;
  let broken: unknown = null;
  try {
    result = await play(plan.story, service, { heading, allowanceMs, told: line });
  } catch (error) {
    broken = error;
  }
  // Whatever happened: on its end, on an interruption, on a defect of this program.
  const left = await service.undo();
  const well = await until(() => service.unrest().length === 0, WELL_WITHIN_MS);
  for (const signal of signals) process.off(signal, interrupted);
  process.stdout.off('error', interrupted);
  for (const leave of leaving) process.stdout.on('error', leave);
  service.end();
  const amiss = [...left.map((what) => `not undone, do it yourself: ${what}`), ...(well ? [] : service.unrest())];
  if (amiss.length > 0) fail('DRILL_NOT_UNDONE', { cluster: plan.cluster, problems: indented(amiss) });
  const why = service.stopped();
  if (why !== null) fail('DRILL_STOPPED', { reason: why });
  if (result === null) throw failure('UNEXPECTED', { reason: String(broken) }, broken);
  if (!result.passed)
    fail('DRILL_FAILED', { problems: indented(result.problems.map(({ line: at, what }) => `line ${at}: ${what}`)) });
  const { story: _, ...shown } = plan;
  cli.print(globals, { ...shown, armed: true, passed: true, transcript: result.transcript }, ['passed']);
}
