/** `npm run drills`: runs the stories of this folder and compares each with its transcript. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSimulation } from '../sim/create.ts';
import { nearest } from '../sim/story/nearest.ts';
import { parseStory, StoryError } from '../sim/story/parse.ts';
import { runStory, type StoryResult } from '../sim/story/run.ts';

const folder = import.meta.dirname;

export const storyNames = (): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.story'))
    .map((file) => file.slice(0, -'.story'.length))
    .sort();

export const storyFile = (name: string) => join(folder, `${name}.story`);
const transcriptFile = (name: string) => storyFile(name).replace(/\.story$/, '.transcript');

/** What was told of this story when it was last reviewed; null when it never was. */
export const reviewed = (name: string): string | null =>
  existsSync(transcriptFile(name)) ? readFileSync(transcriptFile(name), 'utf8') : null;

/** Throws StoryError. */
export async function tell(name: string): Promise<StoryResult> {
  return runStory(parseStory(readFileSync(storyFile(name), 'utf8')), createSimulation);
}

/** The first line in which two texts differ, as both have it. */
export function difference(was: string, is: string): string | null {
  if (was === is) return null;
  const [before, now] = [was.split('\n'), is.split('\n')];
  const at = now.findIndex((line, index) => line !== before[index]);
  const index = at < 0 ? now.length : at;
  return `line ${index + 1} was "${before[index] ?? ''}" and is "${now[index] ?? ''}"`;
}

const USAGE = `usage: npm run drills [-- NAME... ] [-- --rewrite]

  NAME...    run these, and print what happens
  --rewrite  keep what happens now as the transcripts, to be reviewed like code
  --json     one JSON object a story
`;

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg.startsWith('-') && !['--rewrite', '--json'].includes(arg));
  if (unknown !== undefined) {
    process.stderr.write(unknown === '--help' ? USAGE : `there is no ${unknown}\n${USAGE}`);
    return unknown === '--help' ? 0 : 2;
  }
  const [rewrite, json] = [args.includes('--rewrite'), args.includes('--json')];
  const asked = args.filter((arg) => !arg.startsWith('-'));
  const missing = asked.find((name) => !existsSync(storyFile(name)));
  if (missing !== undefined) {
    const meant = nearest(missing, storyNames());
    const hint = meant === undefined ? 'the stories are the files drills/*.story' : `did you mean "${meant}"?`;
    process.stderr.write(`there is no story "${missing}": ${hint}\n`);
    return 2;
  }
  const names = asked.length > 0 ? asked : storyNames();
  let failed = 0;
  for (const name of names) {
    const problems: string[] = [];
    try {
      const result = await tell(name);
      problems.push(...result.problems.map(({ line, what }) => `${name}.story:${line}: ${what}`));
      if (asked.length > 0 && !json) process.stdout.write(`${result.transcript}\n`);
      if (rewrite) writeFileSync(transcriptFile(name), result.transcript);
      const differs = difference(reviewed(name) ?? '', result.transcript);
      if (differs) problems.push(`${name}.transcript is not what happens: ${differs}; review it with --rewrite`);
    } catch (error) {
      if (!(error instanceof StoryError)) throw error;
      problems.push(...error.problems.map(({ line, what }) => `${name}.story:${line}: ${what}`));
    }
    if (problems.length > 0) failed += 1;
    if (json) process.stdout.write(`${JSON.stringify({ story: name, passed: problems.length === 0, problems })}\n`);
    else process.stdout.write(`${problems.length === 0 ? 'passed' : 'FAILED'}  ${name}\n`);
    if (!json) for (const problem of problems) process.stdout.write(`        ${problem}\n`);
  }
  if (!json) process.stdout.write(`${names.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
