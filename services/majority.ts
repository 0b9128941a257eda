/** Smallest number of `n` voters such that any two such groups share one. */
export function majorityOf(n: number): number {
  return Math.floor(n / 2) + 1;
}
