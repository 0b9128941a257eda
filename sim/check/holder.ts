/**
 * What a renewal that found its majority makes of the lease: counted from before it was sent, never shortened. `left`: of
 * the lease now; `age`: since the sending. The rule of services/agent/lease.ts, which test/check/holder.test.ts proves.
 */
export const extended = (left: number, length: number, age: number): number => Math.max(left, length - age);
