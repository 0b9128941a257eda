/** `npm run lab -- story`: a story of drills/, told by real hosts in a lab that is brought up for it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fail } from '../../services/errors.ts';
import { type Problem, StoryError } from '../../sim/story/parse.ts';
import { labStatus } from '../client.ts';
import { project } from '../layout.ts';
import type { LabPlan } from '../plan.ts';
import { end, hindrance, inside, up } from '../world.ts';
import { forLab, type LabStory } from './able.ts';
import type { LabResult } from './run.ts';

/**
 * How much later than the story expects is still in time: the model's times are those of a machine that has its cores for
 * itself. docs/drills.md, "In the lab", has what was measured.
 */
export const ALLOWANCE_MS = 3_000;
/** From the end of a host's firmware until its rekindled runs. */
const OWN_BOOT_MS = 1_000;
/** Without a word in the story: the least that the simulator takes (docs/simulator.md). */
const HOST_BOOT_MS = 20_000;

/** A path, or the name of a story in drills/. */
const fileOf = (name: string): string => {
  const own = join(project, 'drills', `${name}.story`);
  return !existsSync(name) && /^[a-z0-9-]+$/.test(name) && existsSync(own) ? own : resolve(name);
};

/** Throws STORY_UNREADABLE, STORY_INVALID, and STORY_NOT_FOR_LAB with every reason. */
export function readStory(file: string): LabStory {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    return fail('STORY_UNREADABLE', {
      file,
      reason: cause instanceof Error && 'code' in cause ? String(cause.code) : '',
    });
  }
  try {
    const able = forLab(text);
    if (!('refusals' in able)) return able;
    const name = basename(file).replace(/\.story$/, '');
    return fail('STORY_NOT_FOR_LAB', { file, problems: lines(file, able.refusals), name });
  } catch (error) {
    if (!(error instanceof StoryError)) throw error;
    return fail('STORY_INVALID', { file, problems: lines(file, error.problems) });
  }
}

const lines = (file: string, problems: readonly Problem[]) =>
  problems.map(({ line, what }) => `  ${basename(file)}:${line}: ${what}`).join('\n');

/** Rejects when the story could not be told at all; one that ended otherwise is a result with `passed` false. */
export async function tellInLab(
  name: string,
  allowanceMs: number,
  say: (what: string) => void,
  signal?: AbortSignal,
): Promise<LabResult> {
  const file = fileOf(name);
  const { story, layout, names } = readStory(file);
  const wrong = hindrance();
  if (wrong) throw new Error(wrong);
  const others = [...names].filter(([from, to]) => from !== to);
  if (others.length > 0) say(`in the lab ${others.map(([from, to]) => `${from} is ${to}`).join(', ')}`);
  const bootMs = story.model.hostBootMs?.[0] ?? HOST_BOOT_MS;
  const plan: LabPlan = { spec: story.spec, firmwareMs: Math.max(1, bootMs - OWN_BOOT_MS) };
  if ((await labStatus()) !== undefined) say('ending the lab that is up: a story has one of its own');
  await end();
  try {
    await up({ layout, mode: 'rekindle', attached: false, say, plan, signal });
    return await runInside([file, String(allowanceMs)], say);
  } finally {
    await end();
  }
}

function runInside(words: readonly string[], say: (what: string) => void): Promise<LabResult> {
  const [command, ...args] = inside(null, [process.execPath, join(project, 'lab/stories/run.ts'), ...words]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let result = '';
    let lastWords = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      result += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      lastWords = chunk.trimEnd();
      say(lastWords);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(result) as LabResult);
      else reject(new Error(`the story could not be told: ${lastWords}`));
    });
  });
}
