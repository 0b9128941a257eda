/** A drill's report for people: what happened when, where the time went, what held. */
import { type DrillReport, PHASES, type Phases } from './drill.ts';
import { median } from './measure.ts';
import { REINSTALL_STEPS, type ReinstallSteps } from './reinstall.ts';

const LABEL = {
  detectedMs: 'detected',
  provenMs: 'proven',
  decidedMs: 'decided',
  runningMs: 'running',
  answeringMs: 'answering',
} as const;
export const seconds = (ms: number | null) => (ms === null ? '-' : `${(ms / 1000).toFixed(2)} s`);

export function tell(report: DrillReport): string[] {
  return [
    `${report.drill}: ${report.ok ? 'passed' : 'FAILED'}`,
    ...report.timeline.map(({ atMs, what }) => `  ${`+${atMs} ms`.padStart(10)}  ${what}`),
    `  ${PHASES.map((phase) => `${LABEL[phase]} ${seconds(report.phases[phase])}`).join(', ')}`,
    ...Object.entries(report.steps ?? {}).map(([machine, steps]) => `  ${machine}: ${tellSteps(steps)}`),
    ...Object.entries(report.guests)
      .filter(([, guest]) => guest.runningMs !== null)
      .map(
        ([name, guest]) =>
          `  ${name}: ${guest.from} -> ${guest.to}, running ${seconds(guest.runningMs)}, answering ${seconds(guest.answeringMs)}`,
      ),
    ...report.checks.flatMap(({ name, ok, problems }) => [
      `  ${ok ? 'ok  ' : 'NOT '} ${name}`,
      ...problems.map((problem) => `         ${problem}`),
    ]),
  ];
}

export interface Summary {
  readonly drill: string;
  readonly runs: number;
  readonly ok: number;
  readonly medians: Phases;
  /** Of the steps of all its bare machines; empty in other drills. */
  readonly steps: Partial<ReinstallSteps>;
  readonly reports: readonly DrillReport[];
}

export function summaryOf(drill: string, reports: readonly DrillReport[]): Summary {
  const medians = Object.fromEntries(
    PHASES.map((phase) => [phase, median(reports.map(({ phases }) => phases[phase]))]),
  ) as Phases;
  const steps = Object.fromEntries(
    REINSTALL_STEPS.flatMap((step) => {
      const values = reports.flatMap((report) => Object.values(report.steps ?? {}).map((steps) => steps[step]));
      return values.length > 0 ? [[step, median(values)]] : [];
    }),
  );
  return { drill, runs: reports.length, ok: reports.filter(({ ok }) => ok).length, medians, steps, reports };
}

const tellSteps = (steps: Partial<ReinstallSteps>) =>
  Object.entries(steps)
    .map(([step, ms]) => `${step} ${seconds(ms)}`)
    .join(', ');

export function tellSummary({ drill, runs, ok, medians, steps }: Summary): string {
  const more = Object.keys(steps).length > 0 ? `; ${tellSteps(steps)}` : '';
  return `${drill}: ${ok} of ${runs} right; medians: ${PHASES.map((phase) => `${LABEL[phase]} ${seconds(medians[phase])}`).join(', ')}${more}`;
}
