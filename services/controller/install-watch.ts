/**
 * What installers say every two seconds, which is no entry of the log: kept by the leader alone, and only for jobs under
 * way. One that makes no progress for long is told as an entry.
 */
import type { Draft } from '../../machines/entries.ts';
import type { Fleet, JobEntity } from '../../machines/fleet.ts';
import type { Progress } from '../api-view.ts';
import type { Clock } from '../ports.ts';
import type { InstallRequest } from '../provisioning.ts';

export interface InstallWatch {
  /** False: an older request than one heard before. */
  heard(job: JobEntity, request: Exclude<InstallRequest, { kind: 'boot' | 'hello' }>): boolean;
  /** Null: nothing was said to this leader. */
  progress(host: string): Progress | null;
  /** Entries for jobs that stand still. */
  stalled(): readonly Draft[];
}

interface Heard {
  readonly boot: string;
  readonly n: number;
  /** Of the last progress, by this leader's clock; of its own first look before there was any. */
  readonly atMs: number;
  readonly progress: Progress | null;
}

const bootOf = ({ context: { job, attempt } }: JobEntity) => `${job} ${attempt}`;

export function createInstallWatch(fleet: () => Fleet, clock: Clock): InstallWatch {
  /** By host: no more than there are. */
  const heards = new Map<string, Heard>();
  const of = (job: JobEntity): Heard => {
    const known = heards.get(job.context.id);
    return known?.boot === bootOf(job) ? known : { boot: bootOf(job), n: -1, atMs: clock.now(), progress: null };
  };

  return {
    heard(job, request) {
      const before = of(job);
      if (request.n < before.n) return false;
      const now: Progress | null =
        request.kind === 'progress'
          ? { attempt: request.attempt, phase: request.phase, bytes: request.bytes, of: request.of }
          : before.progress;
      const moved =
        request.kind !== 'progress' || now?.bytes !== before.progress?.bytes || now?.phase !== before.progress?.phase;
      heards.set(job.context.id, {
        boot: before.boot,
        n: request.n,
        atMs: moved ? clock.now() : before.atMs,
        progress: now,
      });
      return true;
    },

    progress(host) {
      const job = fleet().jobs[host];
      return job ? of(job).progress : null;
    },

    stalled() {
      const { jobs, spec } = fleet();
      const drafts: Draft[] = [];
      for (const host of heards.keys()) if (!jobs[host]) heards.delete(host);
      for (const [host, job] of Object.entries(jobs)) {
        const { state, context } = job;
        if ((state !== 'booted' && state !== 'committed') || context.mode === 'rescue') continue;
        const heard = of(job);
        heards.set(host, heard);
        const stallMs = spec?.provisioning?.stallMs ?? Number.POSITIVE_INFINITY;
        const silentMs = clock.now() - heard.atMs;
        if (silentMs <= stallMs) continue;
        const { job: id, attempt } = context;
        const at = heard.progress ? `, at byte ${heard.progress.bytes} of ${heard.progress.of}` : '';
        const reason = `no progress for ${Math.round(silentMs / 1_000)} s${at}`;
        const phase = heard.progress?.phase ?? state;
        drafts.push({
          type: 'reinstall.aborted',
          subject: `host/${host}`,
          cause: context.cause,
          data: { job: id, attempt, phase, reason },
        });
      }
      return drafts;
    },
  };
}
