/** The rekindled process of this node, as files and /proc show it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Its process id; null when none runs. A pid file left by a crash names nobody, or somebody else. */
export function runningPid(runDir: string): number | null {
  const pid = Number(readOr(join(runDir, 'rekindled.pid'), ''));
  if (!Number.isInteger(pid) || pid <= 1) return null;
  const args = readOr(`/proc/${pid}/cmdline`, '').split('\0');
  return args.some((arg) => /(^|\/)rekindled(\.[jt]s)?$/.test(arg)) ? pid : null;
}

/** Polls, for a process that is not our child tells nobody of its end. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 100,
): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() >= end) return false;
    await sleep(everyMs);
  }
  return true;
}

const MOST_SAID = 20_000;

/** What was written to `file` after `offset` about its end: the last error it told, or else the last line. */
export function lastWords(file: string, offset: number): string {
  const lines = readOr(file, '')
    .slice(offset)
    .slice(-MOST_SAID)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const told = lines.map(errorIn).filter((text) => text !== null);
  return told.at(-1) ?? lines.at(-1) ?? 'it said nothing';
}

/** The message of a structured line of level error, or of an uncaught exception. */
function errorIn(line: string): string | null {
  if (/^\w*Error\b.*: /.test(line)) return line;
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return (level === 'error' || level === 'fatal') && typeof msg === 'string' ? msg : null;
  } catch {
    return null;
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
