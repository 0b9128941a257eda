import { type Plan, planSchema } from '../../sim/explore/plan.ts';
import { threeHosts } from '../sim/world.ts';

/** Three hosts with watchdogs and BMCs, and these steps. */
export function planOf(steps: object[], more: object = {}): Plan {
  return planSchema.parse({
    spec: threeHosts(),
    model: { hostBootMs: [2_000, 3_000] },
    steps,
    faultsEndMs: 60_000,
    mending: [],
    quietMs: 60_000,
    ...more,
  });
}

/** A BMC that says off and leaves the host on: a breach of assumption A4, under which a guest does run twice. */
export const lyingBmc = [
  { atMs: 12_000, fault: { kind: 'bmc', node: 'h1', mode: 'lies', forMs: 30_000 } },
  { atMs: 12_500, fault: { kind: 'isolate', node: 'h1', forMs: 10_000 } },
];
