/** Many outcomes as a few figures. */
import type { ClusterSpec } from '../../machines/spec.ts';
import { type Story, YEAR_MS } from './incidents.ts';
import type { Outcome } from './outcome.ts';
import { KIND_NAMES, type KindName } from './rates.ts';

export interface Quantiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface KindSummary extends Quantiles {
  readonly kind: KindName;
  readonly incidents: number;
  readonly downMs: number;
}

export interface GuestSummary {
  readonly guest: string;
  /** In [0, 1]. */
  readonly availability: number;
  readonly downMs: number;
  readonly outages: number;
  readonly longestMs: number;
  /** False: no host has room for it even when all is well. */
  readonly placed: boolean;
}

export interface Worst {
  readonly seed: string;
  readonly atMs: number;
  readonly downMs: number;
  readonly guests: number;
  readonly incidents: Story['incidents'];
  readonly asked: readonly string[];
}

export interface Summary {
  readonly years: number;
  readonly stories: number;
  readonly incidents: number;
  readonly simulatedMs: number;
  readonly availability: number;
  readonly downMs: number;
  readonly guests: readonly GuestSummary[];
  readonly kinds: readonly KindSummary[];
  /** All outages of all guests, in ms, shortest first. */
  readonly outagesMs: readonly number[];
  readonly fences: number;
  readonly resets: number;
  readonly falseFences: readonly { readonly seed: string; readonly host: string }[];
  /** Stories in which a person was asked, and guests that waited for one, counted once a story. */
  readonly asked: number;
  readonly needed: number;
  readonly lost: readonly { readonly seed: string; readonly guests: readonly string[]; readonly why: string }[];
  readonly doubles: readonly { readonly seed: string; readonly what: string }[];
  readonly worst: readonly Worst[];
}

const WORST = 5;

export const downMsOf = ({ outages }: Outcome): number =>
  outages.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);

export function summarize(
  spec: ClusterSpec,
  years: number,
  stories: readonly Story[],
  outcomes: readonly Outcome[],
): Summary {
  const guests = Object.keys(spec.guests).filter((guest) => spec.guests[guest]!.desired === 'running');
  const outages = outcomes.flatMap((outcome) => outcome.outages.map((o) => ({ ...o, tookMs: o.toMs - o.fromMs })));
  const sum = (found: readonly { tookMs: number }[]) =>
    Math.round(found.reduce((total, { tookMs }) => total + tookMs, 0));
  const lengths = (found: readonly { tookMs: number }[]) =>
    found.map(({ tookMs }) => Math.round(tookMs)).sort((a, b) => a - b);
  const spanMs = years * YEAR_MS;
  const incidents = stories.flatMap((story) => story.incidents);
  const downMs = sum(outages);
  const everywhere = <T>(pick: (outcome: Outcome) => readonly T[]) =>
    outcomes.flatMap((outcome) => pick(outcome).map((found) => ({ seed: outcome.seed, found })));

  return {
    years,
    stories: stories.length,
    incidents: incidents.length,
    simulatedMs: Math.round(outcomes.reduce((total, { simulatedMs }) => total + simulatedMs, 0)),
    availability: guests.length === 0 ? 1 : 1 - downMs / (spanMs * guests.length),
    downMs,
    guests: guests.map((guest) => {
      const own = outages.filter((outage) => outage.guest === guest);
      const ownMs = sum(own);
      const longestMs = lengths(own).at(-1) ?? 0;
      const placed = !outcomes[0]?.unplaced.includes(guest);
      return {
        guest,
        availability: placed ? 1 - ownMs / spanMs : 0,
        downMs: ownMs,
        outages: own.length,
        longestMs,
        placed,
      };
    }),
    kinds: KIND_NAMES.map((kind) => {
      const own = outages.filter((outage) => outage.kind === kind);
      const count = incidents.filter((incident) => incident.kind === kind).length;
      return { kind, incidents: count, downMs: sum(own), ...quantiles(lengths(own)) };
    }).filter(({ incidents: count }) => count > 0),
    outagesMs: lengths(outages),
    fences: outcomes.reduce((total, { fences }) => total + fences, 0),
    resets: outcomes.reduce((total, { resets }) => total + resets, 0),
    falseFences: everywhere(({ falseFences }) => falseFences).map(({ seed, found }) => ({ seed, host: found })),
    asked: outcomes.filter(({ asked }) => asked.length > 0).length,
    needed: outcomes.reduce((total, { needed }) => total + needed.length, 0),
    lost: outcomes.flatMap(({ seed, lost, unsettled }) => (unsettled ? [{ seed, guests: lost, why: unsettled }] : [])),
    doubles: everywhere(({ doubles }) => doubles).map(({ seed, found }) => ({ seed, what: found })),
    worst: worstOf(stories, outcomes),
  };
}

function worstOf(stories: readonly Story[], outcomes: readonly Outcome[]): Worst[] {
  return outcomes
    .map((outcome, i) => ({ outcome, story: stories[i]!, downMs: Math.round(downMsOf(outcome)) }))
    .filter(({ downMs }) => downMs > 0)
    .sort((a, b) => b.downMs - a.downMs)
    .slice(0, WORST)
    .map(({ outcome, story, downMs }) => ({
      seed: story.seed,
      atMs: story.atMs,
      downMs,
      guests: new Set(outcome.outages.map(({ guest }) => guest)).size,
      incidents: story.incidents,
      asked: outcome.asked,
    }));
}

/** Nearest rank. `sorted`: shortest first. */
export function quantiles(sorted: readonly number[]): Quantiles {
  const at = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0 };
}
