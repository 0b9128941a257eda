/**
 * One story, once, in a lab that was brought up for it: `node lab/stories/run.ts FILE ALLOWANCE_MS` inside the lab's namespaces.
 * Prints the result as one JSON object; the transcript goes to standard error as it comes.
 */
import { readFileSync } from 'node:fs';
import { play } from '../../sim/story/run.ts';
import { sayMs } from '../../sim/story/say-fault.ts';
import { labStatus } from '../client.ts';
import { grantsAndProofs, writers } from '../drill/checks.ts';
import { leadStream } from '../drill/rig.ts';
import { LAYOUTS } from '../layout.ts';
import { forLab } from './able.ts';
import { createLabWorld } from './world.ts';

export interface LabResult {
  readonly passed: boolean;
  readonly problems: readonly { readonly line: number; readonly what: string }[];
  readonly transcript: string;
}

async function tell(file: string, allowanceMs: number): Promise<LabResult> {
  const able = forLab(readFileSync(file, 'utf8'));
  if ('refusals' in able) throw new Error('the lab cannot do this story');
  const first = await labStatus();
  if (first === undefined) throw new Error('the lab does not answer');
  await leadStream(LAYOUTS[first.layout], able.stream);
  const world = createLabWorld(able.story, first);
  const heading = `in the lab, seconds since the beginning; up to ${sayMs(allowanceMs)} later than expected is in time`;
  const told = (line: string) => console.error(line);
  const { problems, transcript } = await play(able.story, world, { heading, allowanceMs, told });
  world.end();
  // What no story says and every one expects: the guests' own disks show one writer at a time.
  const always = [...world.failures, ...writers(), ...grantsAndProofs(world.entries())];
  const all = [...problems, ...always.map((what) => ({ line: 1, what }))];
  return { passed: all.length === 0, problems: all, transcript };
}

if (import.meta.main) {
  try {
    const [file = '', allowanceMs = '0'] = process.argv.slice(2);
    console.log(JSON.stringify(await tell(file, Number(allowanceMs))));
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
