/** What a measurement says, and how figures are taken from samples. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: '' | 'ms' | '/s' | 'x' | 'MiB' | '% of a core';
  /** What is hoped for; null where nobody has said. */
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | null;
  /** What was measured and how, in one line. */
  readonly about: string;
}

/** One measurement: named, so that it can be run alone. */
export interface Measurement {
  readonly name: string;
  readonly run: () => Promise<Figure[]>;
}

/** `share` 0.5 for the median. Rejects an empty list: a figure of nothing is a mistake. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Milliseconds that `work` takes. */
export function timed(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

export function isMet({ value, target }: Figure): boolean | null {
  if (target === null) return null;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}
