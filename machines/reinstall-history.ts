/** How long installations took before: what a person is told beforehand, and nothing is decided by. */
import type { Stored } from './entries.ts';
import { nameOf } from './sentences.ts';

export interface Installation {
  readonly host: string;
  /** From its beginning, the host off, to the registration of what was installed. */
  readonly tookMs: number;
}

/** The last that was completed, of this host if there is one, otherwise of any; null when none is at hand. */
export function lastInstallation(host: string, entries: readonly Stored[]): Installation | null {
  const begun = new Map<string, number>();
  let last: Installation | null = null;
  for (const { entry } of entries) {
    if (entry.type === 'reinstall.armed' && entry.data.mode === 'install')
      begun.set(entry.data.job, Date.parse(entry.time));
    if (entry.type !== 'reinstall.succeeded') continue;
    const beganMs = begun.get(entry.data.intent);
    const of = nameOf(entry.subject);
    if (beganMs !== undefined && (of === host || last?.host !== host))
      last = { host: of, tookMs: Math.max(0, Date.parse(entry.time) - beganMs) };
  }
  return last;
}
