/**
 * The formulas of machines/times.ts with ρ as a parameter: with a ρ as large as an eighth, a lease lasts a few ticks and
 * every margin is still a tick or the part of one. test/check/times.test.ts holds them against the originals.
 */
export const leaseLength = (lease: number, rho: number) => lease * (1 - 2 * rho);
export const restartPromise = (lease: number, rho: number) => lease * (1 + rho);
export const waitOut = (left: number, rho: number) => left * (1 + 3 * rho);
