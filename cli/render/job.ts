/** A reinstallation in one line. */
import type { JobStatus } from '../../services/api-job.ts';
import { clock } from './log.ts';

const MIB = 2 ** 20;

/** `b1: install, try 1 of 3: its disk is being written, 412 of 1024 MiB (40 %), since 15:03:53, until 15:08:05 at the latest`. */
export function jobLine(host: string, job: JobStatus): string {
  const { mode, means, attempt, tries, since, deadline, phase } = job;
  const counted = mode !== 'join' && attempt > 0;
  return [
    `${host}: ${mode}${counted ? `, try ${attempt} of ${tries}` : ''}: ${means}`,
    progressOf(job),
    since && `since ${seconds(since)}`,
    deadline && (phase === 'announced' ? `begins ${seconds(deadline)}` : `until ${seconds(deadline)} at the latest`),
  ]
    .filter(Boolean)
    .join(', ');
}

/** Only of what runs now: what an installer said last is old once it has left. */
function progressOf({ phase, progress }: JobStatus): string | null {
  if (!progress || (phase !== 'booted' && phase !== 'committed')) return null;
  const { bytes, of } = progress;
  if (of === 0) return progress.phase;
  const percent = Math.min(100, Math.floor((bytes / of) * 100));
  return `${progress.phase} ${Math.floor(bytes / MIB)} of ${Math.ceil(of / MIB)} MiB (${percent} %)`;
}

const seconds = (time: string): string => clock(time).slice(0, 8);
