/** The years, and then the worst of them once more with each change: what an operator wants to know of a cluster. */
import type { ClusterSpec } from '../../machines/spec.ts';
import { changesOf } from '../../sim/years/changes.ts';
import { type Story, storiesOf } from '../../sim/years/incidents.ts';
import type { Outcome, StoryOptions } from '../../sim/years/outcome.ts';
import { prepared } from '../../sim/years/prepare.ts';
import type { Rates } from '../../sim/years/rates.ts';
import { downMsOf, type Summary, summarize } from '../../sim/years/summary.ts';
import { type Job, tellAll } from './pool.ts';
import { progress } from './progress.ts';

export interface Years {
  readonly spec: ClusterSpec;
  readonly rates: Rates;
  readonly years: number;
  readonly seed: number;
  readonly bootMs: number;
}

export interface TriedChange {
  readonly name: string;
  readonly what: string;
  /** Downtime of the same stories with it; negative savings are a loss. */
  readonly downMs: number;
  readonly savedMs: number;
}

export interface Tried {
  /** Stories that were told again, and their downtime without a change. */
  readonly stories: number;
  readonly downMs: number;
  /** How much of all downtime they are, in [0, 1]. */
  readonly share: number;
  /** Best first. */
  readonly changes: readonly TriedChange[];
}

export interface Report {
  readonly summary: Summary;
  readonly tried: Tried;
}

const AGAIN_AT_MOST = 100;
const SHARE_ENOUGH = 0.98;
/** The costliest stories were also unlucky ones: they are told again with other luck, with and without a change. */
const SALT = 'again';

export async function simulateYears({ spec, rates, years, seed, bootMs }: Years): Promise<Report> {
  const cluster = prepared(spec);
  const options: StoryOptions = { rates: { personMs: rates.personMs }, bootMs };
  const stories = storiesOf(cluster, rates, seed, years);
  const run = async (what: string, specs: readonly ClusterSpec[], jobs: readonly Job[]) => {
    const bar = progress(what, jobs.length);
    try {
      return await tellAll({ specs, options }, jobs, bar.at);
    } finally {
      bar.end();
    }
  };
  const outcomes = await run(
    `${years} years`,
    [cluster],
    stories.map((story) => ({ spec: 0, story })),
  );
  const summary = summarize(cluster, years, stories, outcomes);

  const costly = costliest(stories, outcomes, summary.downMs);
  const changes = changesOf(spec);
  const specs = [cluster, ...changes.map((change) => prepared(change.spec))];
  const jobs = specs.flatMap((_, i) => costly.map(({ story }) => ({ spec: i, story, salt: SALT })));
  const again = await run('changes', specs, jobs);
  const downMs = specs.map((_, i) =>
    Math.round(again.slice(i * costly.length, (i + 1) * costly.length).reduce((sum, one) => sum + downMsOf(one), 0)),
  );
  return {
    summary,
    tried: {
      stories: costly.length,
      downMs: downMs[0]!,
      share: summary.downMs === 0 ? 0 : costly.reduce((sum, one) => sum + one.downMs, 0) / summary.downMs,
      changes: changes
        .map(({ name, what }, i) => ({ name, what, downMs: downMs[i + 1]!, savedMs: downMs[0]! - downMs[i + 1]! }))
        .sort((a, b) => b.savedMs - a.savedMs),
    },
  };
}

function costliest(stories: readonly Story[], outcomes: readonly Outcome[], allMs: number) {
  const ranked = stories
    .map((story, i) => ({ story, downMs: downMsOf(outcomes[i]!) }))
    .filter(({ downMs }) => downMs > 0)
    .sort((a, b) => b.downMs - a.downMs)
    .slice(0, AGAIN_AT_MOST);
  let sum = 0;
  return ranked.filter(({ downMs }) => {
    const needed = sum < allMs * SHARE_ENOUGH;
    sum += downMs;
    return needed;
  });
}
