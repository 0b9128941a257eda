/** `npm run lab -- drill`: each run in a lab of its own, so that none sees what another has left behind, unless asked for. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { labStatus } from '../client.ts';
import { type Firmware, project } from '../layout.ts';
import { end, inside, up } from '../world.ts';
import type { DrillReport } from './drill.ts';
import { loadDrill } from './load.ts';

/** A machine's ladder begins from its first rung again: see metalLadder in lab/metal.ts. */
const SETTLE_MS = 15_000;

export interface DrillRun {
  readonly untimed?: boolean;
  readonly firmware: Firmware;
  readonly signal?: AbortSignal;
}

/**
 * One run in a lab of its own; with `runs`, so many in that lab one after the other, each report as it comes: what has been
 * brought back is damaged again. Throws when the drill could not be carried out at all; a drill that failed is a report with
 * `ok` false.
 */
export async function* runsInFreshLab(
  name: string,
  { untimed, firmware, signal }: DrillRun,
  runs: number,
  say: (what: string) => void,
): AsyncGenerator<DrillReport> {
  const drill = await loadDrill(name);
  const layout = drill.layout === 'metal' && firmware === 'bios' ? 'metal-bios' : (drill.layout ?? 'three');
  const wasUp = (await labStatus()) !== undefined;
  if (wasUp) say('ending the lab that is up: a drill has one of its own');
  await end();
  try {
    await up({ layout, mode: 'rekindle', attached: false, say, signal });
    for (let run = 0; run < runs; run++) {
      if (run > 0) await setTimeout(drill.machines ? SETTLE_MS : 0, undefined, { signal });
      yield await runInside(untimed ? [name, 'untimed'] : [name], say);
    }
  } finally {
    if (!wasUp) await end();
  }
}

function runInside(words: readonly string[], say: (what: string) => void): Promise<DrillReport> {
  const [command, ...args] = inside(null, [process.execPath, join(project, 'lab/drill/run.ts'), ...words]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let report = '';
    let lastWords = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      report += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      lastWords = chunk.trim();
      say(lastWords);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(report) as DrillReport);
      else reject(new Error(`drill ${words[0]}: ${lastWords}`));
    });
  });
}
