/** A failure as a person reads it: the cluster, what was done to it, what happened, and what should not have. */
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Plan, Step } from './plan.ts';
import { type RunResult, runSeed } from './run-seed.ts';
import { tellFault } from './tell.ts';

/** The end of the timeline is what matters. */
const LINES_AT_MOST = 150;

export async function storyOf(seed: number, plan: Plan): Promise<string> {
  const lines: string[] = [];
  const onLine = (line: string) => {
    if (line.includes('the simulation ends')) return;
    lines.push(line);
    if (lines.length > LINES_AT_MOST) lines.shift();
  };
  const result = await runSeed(seed, { plan, onLine });
  return [
    `Seed ${seed}`,
    '',
    ...clusterLines(plan.spec),
    '',
    'Faults',
    ...plan.steps.map(stepLine),
    '',
    'Timeline (seconds)',
    ...lines,
    '',
    ...failureLines(result),
  ].join('\n');
}

export function failureLines({ violations, unsettled }: Pick<RunResult, 'violations' | 'unsettled'>): string[] {
  return [
    ...violations.map(({ invariant, atMs, what }) => `VIOLATED ${invariant} at ${(atMs / 1_000).toFixed(3)}: ${what}`),
    ...unsettled.map((what) => `UNSETTLED ${what}`),
  ];
}

function clusterLines(spec: ClusterSpec): string[] {
  const hosts = Object.entries(spec.hosts).map(([name, { power, watchdog, domain }]) => {
    const means = [power.length > 0 ? 'BMC' : 'no BMC', watchdog.kind === 'none' ? 'no watchdog' : 'watchdog'];
    return `  ${name}: ${[...means, ...(domain ? [domain] : [])].join(', ')}`;
  });
  return [
    `Cluster: profile ${spec.profile}, voters ${spec.voters.join(', ')}, ${Object.keys(spec.guests).length} guests`,
    ...hosts,
  ];
}

function stepLine({ atMs, after, fault }: Step): string {
  const when = after ? `from then ${after.delayMs} ms after the first ${after.type}: ` : '';
  return `  ${(atMs / 1_000).toFixed(3).padStart(8)}  ${when}${tellFault(fault)}`;
}
