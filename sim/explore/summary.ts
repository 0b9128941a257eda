/** What an exploration has seen so far. */
import type { Finished } from './pool.ts';
import type { RunResult } from './run-seed.ts';

export interface Summary {
  seeds: number;
  simulatedHours: number;
  faults: number;
  entries: number;
  /** Simulated time by wall time of one core. */
  timesRealTimePerCore: number;
  /** Failing runs, at most `KEPT` of each. */
  violations: number;
  unsettled: number;
  failing: Pick<RunResult, 'seed' | 'violations' | 'unsettled'>[];
}

const KEPT = 100;

export function createSummary(): { add(finished: Finished): void; now(): Summary } {
  let [seeds, virtualMs, tookMs, faults, entries, violations, unsettled] = [0, 0, 0, 0, 0, 0, 0];
  const failing: Summary['failing'] = [];
  return {
    add({ result, tookMs: took }) {
      seeds += 1;
      virtualMs += result.virtualMs;
      tookMs += took;
      faults += result.faults;
      entries += result.entries;
      if (result.violations.length > 0) violations += 1;
      else if (result.unsettled.length > 0) unsettled += 1;
      else return;
      const { seed } = result;
      if (failing.length < KEPT) failing.push({ seed, violations: result.violations, unsettled: result.unsettled });
    },
    now: () => ({
      seeds,
      simulatedHours: virtualMs / 3_600_000,
      faults,
      entries,
      timesRealTimePerCore: tookMs === 0 ? 0 : virtualMs / tookMs,
      violations,
      unsettled,
      failing,
    }),
  };
}

export function summaryLine(summary: Summary): string {
  const { seeds, simulatedHours, faults, entries, timesRealTimePerCore, violations, unsettled } = summary;
  return (
    `${seeds} seeds, ${simulatedHours.toFixed(1)} simulated hours, ${faults} faults, ${entries} entries, ` +
    `${Math.round(timesRealTimePerCore)}x real time per core; ${violations} runs with violations, ${unsettled} unsettled`
  );
}
