/** The same world under another cluster file: first as it was, to see how far the rehearsal can be trusted; then changed. */
import type { Stored } from '../../machines/entries.ts';
import { duration } from '../../machines/sentences.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { COUNTS, type Count, type Outcome, outcomeOf, STAGES, type Stage } from './outcome.ts';
import { type Rehearsal, rehearse } from './rehearse.ts';
import type { Script } from './script.ts';

/** One figure over all runs. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Runs in which it came at all. */
  readonly of: number;
}

/** A word over all runs: each different one with how many runs it was so in, the most frequent first. */
export type Tally = readonly { readonly word: string; readonly runs: number }[];

export interface Column {
  readonly runs: number;
  readonly incidents: readonly {
    readonly times: Readonly<Record<Stage, Figure | null>>;
    readonly ended: Tally;
    readonly guests: Readonly<Record<string, Tally>>;
  }[];
  readonly counts: Readonly<Record<Count, Figure>>;
  readonly guests: Readonly<Record<string, Tally>>;
  readonly hosts: Readonly<Record<string, Tally>>;
  readonly downMs: Figure;
  readonly notes: readonly string[];
}

export interface WhatIf {
  /** The log itself, as it was, as it would have been. */
  readonly log: Column;
  readonly baseline: Column;
  readonly changed: Column;
  /** How well the baseline does again what the log tells. */
  readonly agreement: {
    readonly same: number;
    readonly of: number;
    /** Greatest distance of a median from the log, in milliseconds; null when no time can be compared. */
    readonly farthestMs: number | null;
    /** Sentences: what came out otherwise. */
    readonly differs: readonly string[];
  };
  /** Sentences: what was taken to be so where the log does not tell. */
  readonly assumed: readonly string[];
}

export async function whatIf(
  entries: readonly Stored[],
  script: Script,
  changed: ClusterSpec,
  runs: number,
  progress: (done: number, of: number) => void = () => {},
): Promise<WhatIf> {
  let done = 0;
  const rehearseAll = async (spec: ClusterSpec): Promise<Column> => {
    const all: Rehearsal[] = [];
    for (let run = 0; run < runs; run++) {
      all.push(await rehearse(script, spec, run + 1, (run + 0.5) / runs));
      progress(++done, 2 * runs);
    }
    return columnOf(
      all.map(({ outcome }) => outcome),
      [...new Set(all.flatMap(({ notes }) => notes))],
    );
  };
  const real = columnOf([realOutcome(entries, script)], []);
  const baseline = await rehearseAll(script.spec);
  return {
    log: real,
    baseline,
    changed: await rehearseAll(changed),
    agreement: agreementOf(script, real, baseline),
    assumed: [...script.assumed, ...assumedOf(script.spec, changed)],
  };
}

function assumedOf({ times }: ClusterSpec, changed: ClusterSpec): string[] {
  return [
    'every fault and order comes when it came, whatever was decided before it; a crash meets its guest wherever it runs by then',
    'the log knows the last sign of life of a host, not the moment of its fault: its own times are counted from the middle of what is possible',
    'the wall clocks of the nodes that led agree',
    'what the log does not time, such as the network and libvirt, takes as long as in the simulator',
    ...(changed.times.suspectMs < times.suspectMs
      ? [
          `silences shorter than ${duration(times.suspectMs)} never came into this log; hosts that suspectMs ${changed.times.suspectMs} would have suspected for one of them are missing here`,
        ]
      : []),
  ];
}

/** What happened before the rehearsal begins is no part of it. Faults are taken to have come in the middle of their spread. */
export function realOutcome(entries: readonly Stored[], script: Script): Outcome {
  const moments = script.incidents
    .filter(({ atMs }) => atMs > script.ready.atMs)
    .map(({ subject, atMs, spreadMs }) => ({ subject, atMs: atMs + spreadMs / 2 }));
  return outcomeOf(entries, moments, script.ready.atMs + 1, script.endMs);
}

function columnOf(outcomes: readonly Outcome[], notes: readonly string[]): Column {
  const names = (pick: (outcome: Outcome) => object) =>
    [...new Set(outcomes.flatMap((o) => Object.keys(pick(o))))].sort();
  const tallies = (pick: (outcome: Outcome) => Readonly<Record<string, string | null>>) =>
    Object.fromEntries(names(pick).map((name) => [name, tally(outcomes.map((o) => pick(o)[name] ?? 'nowhere'))]));
  return {
    runs: outcomes.length,
    notes,
    incidents: (outcomes[0]?.incidents ?? []).map((_first, i) => ({
      times: Object.fromEntries(
        STAGES.map((stage) => [stage, figure(outcomes.map((o) => o.incidents[i]!.times[stage]))]),
      ) as Record<Stage, Figure | null>,
      ended: tally(outcomes.map((o) => o.incidents[i]!.ended)),
      guests: tallies((o) => o.incidents[i]!.guests),
    })),
    counts: Object.fromEntries(
      COUNTS.map((name) => [name, figure(outcomes.map(({ counts }) => counts[name]))!]),
    ) as Record<Count, Figure>,
    guests: tallies(({ guests }) => guests),
    hosts: tallies(({ hosts }) => hosts),
    downMs: figure(outcomes.map(({ downMs }) => downMs))!,
  };
}

function figure(values: readonly (number | null)[]): Figure | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return null;
  return { median: known[known.length >> 1]!, least: known[0]!, most: known.at(-1)!, of: known.length };
}

function tally(words: readonly string[]): Tally {
  const runs = new Map<string, number>();
  for (const word of words) runs.set(word, (runs.get(word) ?? 0) + 1);
  return [...runs].map(([word, count]) => ({ word, runs: count })).sort((a, b) => b.runs - a.runs);
}

/** Outcomes are compared one by one: how each incident ended, where each guest it hit went, how often each thing was done. */
function agreementOf(script: Script, real: Column, baseline: Column): WhatIf['agreement'] {
  const differs: string[] = [];
  let of = 0;
  let farthestMs: number | null = null;
  const compare = (what: string, before: string, now: Tally | undefined) => {
    of += 1;
    const word = now?.[0]?.word ?? 'nowhere';
    if (word !== before) differs.push(`${what}: ${word}, in the log ${before}`);
  };
  const incidents = script.incidents.filter(({ atMs }) => atMs > script.ready.atMs);
  for (const [i, { times, ended }] of real.incidents.entries()) {
    const again = baseline.incidents[i];
    compare(incidents[i]!.what, ended[0]!.word, again?.ended);
    for (const stage of STAGES) {
      const [then, now] = [times[stage], again?.times[stage]];
      of += 1;
      if ((then === null) !== (now === null || now === undefined))
        differs.push(`${incidents[i]!.what}: ${stage} ${then === null ? 'only here' : 'only in the log'}`);
      else if (then && now) farthestMs = Math.max(farthestMs ?? 0, Math.abs(then.median - now.median));
    }
  }
  for (const name of Object.keys(real.guests)) compare(name, real.guests[name]![0]!.word, baseline.guests[name]);
  for (const name of Object.keys(real.hosts)) compare(name, real.hosts[name]![0]!.word, baseline.hosts[name]);
  for (const name of COUNTS) {
    of += 1;
    if (baseline.counts[name].median !== real.counts[name].median)
      differs.push(`${name}: ${baseline.counts[name].median}, in the log ${real.counts[name].median}`);
  }
  return { same: of - differs.length, of, farthestMs, differs };
}
