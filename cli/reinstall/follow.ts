/** Follows a reinstallation to its end: its entries as they come, and between them how far it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stored } from '../../machines/entries.ts';
import type { HostStateName } from '../../machines/fleet.ts';
import type { Mode } from '../../machines/machine-facts.ts';
import { duration } from '../../machines/sentences.ts';
import type { HostStatus, Status } from '../../services/api-status.ts';
import { fail, RekindleError } from '../../services/errors.ts';
import type { Cli, Globals } from '../cli.ts';
import { jobLine } from '../render/job.ts';
import { renderEntry } from '../render/log.ts';
import { cut } from '../render/table.ts';

export const WORK: { readonly [M in Mode]: string } = {
  install: 'the reinstallation',
  'dry-run': 'the dry run',
  rescue: 'the rescue',
};

interface Followed {
  readonly host: string;
  readonly mode: Mode;
  /** Place of the order in the log. */
  readonly seq: number;
}

const LOOK_MS = 500;
/** On no terminal: a line for how far it is, this often. */
const SAY_EVERY_MS = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Throws REINSTALL_FAILED, REINSTALL_VETOED, REINSTALL_UNKNOWN; STILL_UNDER_WAY when the person goes away: it goes on. */
export async function follow(cli: Cli, globals: Globals, { host, mode, seq }: Followed): Promise<void> {
  const { terminal } = cli;
  const api = cli.api(globals);
  const what = WORK[mode];
  const left = new AbortController();
  const leave = () => left.abort();
  for (const signal of SIGNALS) process.once(signal, leave);
  const entries: Stored[] = [];
  const draws = terminal.interactive && !globals.json;
  let saidAtMs = 0;
  const live = (line: string) => {
    if (draws) terminal.draw(`\r${cut(line, terminal.columns() - 1)}\x1b[K`);
    else if (!globals.json && performance.now() - saidAtMs >= SAY_EVERY_MS) terminal.out(line);
    else return;
    saidAtMs = performance.now();
  };
  const news = async () => {
    const from = String((entries.at(-1)?.seq ?? seq - 1) + 1);
    for await (const stored of api.lines<Stored>('/v1/log', { from, subject: `host/${host}` }, left.signal)) {
      entries.push(stored);
      if (draws) terminal.draw('\r\x1b[K');
      if (!globals.json) terminal.out(renderEntry(stored, terminal.paint));
    }
  };

  try {
    for (;;) {
      let status: Status | null = null;
      try {
        status = await api.get<Status>('/v1/status');
        await news();
      } catch (error) {
        // The daemon of this node may be restarted meanwhile; what it is asked about goes on without it.
        if (!(error instanceof RekindleError)) throw error;
        if (!left.signal.aborted) live(`${error.message}; trying again`);
      }
      const now = status && status.seq >= seq ? status.hosts.find(({ name }) => name === host) : undefined;
      const pending = status?.pending.some(({ id }) => id.startsWith(`host/${host}/reinstall@`)) ?? true;
      const end = now ? ended(now, mode, pending) : null;
      if (end) return conclude(end);
      if (left.signal.aborted) fail('STILL_UNDER_WAY', { what, host });
      if (now?.job?.active) live(jobLine(host, now.job));
      await sleep(LOOK_MS, undefined, { signal: left.signal }).catch(() => {});
    }
  } finally {
    if (draws) terminal.draw('\r\x1b[K');
    for (const signal of SIGNALS) process.off(signal, leave);
  }

  function conclude(end: { kind: 'succeeded' | 'failed' | 'vetoed'; reason: string }): void {
    const { reason } = end;
    if (end.kind === 'vetoed') fail('REINSTALL_VETOED', { what, host, reason });
    if (entries.some(({ entry }) => entry.type === 'reinstall.unknown'))
      fail('REINSTALL_UNKNOWN', { what, host, reason });
    if (end.kind === 'failed') fail('REINSTALL_FAILED', { what, host, reason });
    const [first, last] = [entries[0], entries.at(-1)];
    const tookMs = first && last ? Math.max(0, Date.parse(last.entry.time) - Date.parse(first.entry.time)) : 0;
    const report = entries.reduce<Readonly<Record<string, string>>>(
      (said, { entry }) => (entry.type === 'reinstall.left' ? entry.data.report : said),
      {},
    );
    const lines = Object.entries(report).flatMap(([key, value]) => [
      `${key}:`,
      ...value.split('\n').map((line) => `  ${line}`),
    ]);
    cli.print(globals, { kind: 'succeeded', host, mode, seq, tookMs, report }, [
      ...(lines.length > 0 ? ['', ...lines, ''] : []),
      `${what} of ${host} has succeeded, after ${duration(tookMs)}`,
    ]);
  }
}

/** In service, or where the order found it. */
const WELL: readonly HostStateName[] = ['running', 'draining', 'maintenance'];
/** Between the registration of what was installed and the verdict on it. */
const TESTED: readonly HostStateName[] = ['qualifying', 'suspect'];

/** Null: it is not over. `pending`: its outcome is still to be written. */
export function ended(
  { job, state, why }: Pick<HostStatus, 'job' | 'state' | 'why'>,
  mode: Mode,
  pending: boolean,
): { kind: 'succeeded' | 'failed' | 'vetoed'; reason: string } | null {
  if (!job || job.active || pending) return null;
  if (job.phase === 'failed') return { kind: job.vetoed ? 'vetoed' : 'failed', reason: job.why };
  if (mode !== 'install' || WELL.includes(state)) return { kind: 'succeeded', reason: job.why };
  // A host that is not fit after all is fenced, and its ladder goes on.
  return TESTED.includes(state) ? null : { kind: 'failed', reason: why };
}
