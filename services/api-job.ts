/** One host's reinstallation, or its joining by a person's hand, as a person follows it. */
import { type Fleet, JOB_STATES, type JobStateName } from '../machines/fleet.ts';
import type { Mode } from '../machines/machine-facts.ts';
import { isUnderWay } from '../machines/reinstall.ts';
import { get } from '../machines/table.ts';
import type { ControllerView, Progress, Roles } from './api-view.ts';

export interface JobStatus {
  /** `join`: a person brings the machine. */
  readonly mode: Mode | 'join';
  readonly phase: JobStateName;
  readonly means: string;
  readonly why: string;
  /** False: it is over. */
  readonly active: boolean;
  readonly vetoed: boolean;
  /** Network boots begun, of those it has; 0 before the first. */
  readonly attempt: number;
  readonly tries: number;
  /** When the entry was written that it stands by; null when that is not at hand. */
  readonly since: string | null;
  /** When this phase has failed, or an announcement is over; null: it waits for no time. */
  readonly deadline: string | null;
  /** What the installer said last. Null unless this node leads and was told. */
  readonly progress: Progress | null;
}

/** Of jobs there is one armed timer at most: these are their names (machines/job.ts). */
const TIMERS = ['announce', 'netboot', 'network-boot', 'install', 'first-boot', 'join'];

/** Null: it never had one. */
export function jobStatus(
  fleet: Fleet,
  host: string,
  { installs }: Pick<Roles, 'installs'>,
  entries: ControllerView['entries'],
): JobStatus | null {
  const job = get(fleet.jobs, host);
  if (!job) return null;
  const { mode, why, attempt, vetoed, cause } = job.context;
  const active = isUnderWay(job) || ['announced', 'waiting', 'offered'].includes(job.state);
  return {
    mode,
    phase: job.state,
    means: JOB_STATES[job.state],
    why,
    active,
    vetoed,
    attempt,
    tries: mode === 'rescue' ? 1 : (fleet.spec?.provisioning?.tries ?? attempt),
    since: writtenAt(cause, entries),
    deadline: active ? deadlineOf(fleet, host) : null,
    progress: installs[host] ?? null,
  };
}

/** An entry's id is its epoch and its place in the log. */
function writtenAt(id: string, entries: ControllerView['entries']): string | null {
  const seq = Number(id.split('.')[1]);
  const stored = Number.isInteger(seq) ? entries(seq, seq)[0] : undefined;
  return stored?.entry.id === id ? stored.entry.time : null;
}

function deadlineOf(fleet: Fleet, host: string): string | null {
  const due = TIMERS.map((name) => fleet.timers[`host/${host}/${name}`]).find((timer) => timer !== undefined);
  return due ? new Date(fleet.wallMs + due.dueMs - fleet.nowMs).toISOString() : null;
}
