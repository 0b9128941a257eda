/** Budgets and back-off of the recovery ladder: how often a rung may be tried, and how long to wait before a try. */
import type { z } from 'zod';
import type { GuestLadder, rungSchema } from './spec.ts';

export type Rung = z.infer<typeof rungSchema>;

/** Back-off doubles with every try and stops growing here. */
export const LONGEST_BACKOFF_MS = 300_000;

/** What reinstallations are counted by. */
export const DAY_MS = 86_400_000;

/** Tries (epoch ms) that still count against the rung's budget. */
function counting(tries: readonly number[], rung: Rung, nowMs: number): readonly number[] {
  return tries.filter((atMs) => atMs > nowMs - rung.withinMs);
}

export function hasBudget(tries: readonly number[], rung: Rung, nowMs: number): boolean {
  return counting(tries, rung, nowMs).length < rung.tries;
}

/** The tries with one more. Forgets those that no longer count, so the list never outgrows the budget. */
export function spend(tries: readonly number[], rung: Rung, nowMs: number): readonly number[] {
  return [...counting(tries, rung, nowMs), nowMs];
}

/** `base`, doubled with each earlier try, none before the first. */
export function backoff(earlier: number, baseMs: number): number {
  return earlier === 0 ? 0 : Math.min(baseMs * 2 ** (earlier - 1), LONGEST_BACKOFF_MS);
}

/** Wait before the next try of a rung, in milliseconds. */
export function waitMs(tries: readonly number[], rung: Rung, nowMs: number): number {
  return backoff(counting(tries, rung, nowMs).length, rung.backoffMs);
}

export type GuestRung = 'inPlace' | 'relocate' | 'reinstall' | 'none';

/**
 * The next rung for a guest that is proven not to run. A guest that crashed is restarted where it was; one that its host
 * could not even start is tried elsewhere first, because the host is the likelier cause.
 */
export function nextRung(
  tries: { readonly inPlace: readonly number[]; readonly relocate: readonly number[] },
  ladder: GuestLadder,
  failure: 'crashed' | 'not-started',
  nowMs: number,
  mayRebuild: boolean,
): GuestRung {
  const order = failure === 'crashed' ? (['inPlace', 'relocate'] as const) : (['relocate', 'inPlace'] as const);
  const open = order.find((rung) => hasBudget(tries[rung], ladder[rung], nowMs));
  return open ?? (mayRebuild && ladder.reinstall === 'allowed' ? 'reinstall' : 'none');
}
