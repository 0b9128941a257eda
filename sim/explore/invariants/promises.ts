/** 7: a lease stands only where a majority of voters has promised that life one. 8: a life that a majority has blocked gets no lease any more. */
import { leaseLengthMs } from '../../../machines/times.ts';
import { majorityOf } from '../../../services/majority.ts';
import type { Invariant, Scene } from './invariant.ts';

export function watchPromises({ spec, simulation, hosts, violated }: Scene): Invariant {
  const majority = majorityOf(spec.voters.length);
  /** For each life that a majority has blocked: the host's clock when that was first seen. */
  const blockedMs = new Map<string, number>();

  const voters = (has: (registers: Scene['simulation']['nodes'][string]['registers']) => boolean) =>
    spec.voters.filter((voter) => has(simulation.nodes[voter]!.registers)).length;

  return {
    tick() {
      for (const host of hosts) {
        const node = simulation.nodes[host]!;
        const agent = node.agent();
        if (!agent) continue;
        const { counter } = agent.incarnation();
        const life = `life ${counter} of ${host}`;
        const clockMs = node.clockMs();
        const endMs = agent.leaseEndMs();
        if (endMs > clockMs && voters((registers) => registers.promisedCounter(host) >= counter) < majority)
          violated(7, `${life} holds a lease that no majority has promised`);
        if (!blockedMs.has(life) && voters((registers) => registers.blockedCounter(host) >= counter) >= majority)
          blockedMs.set(life, clockMs);
        // A renewal sent before that may still have been answered; it is counted from its sending.
        const sinceMs = blockedMs.get(life);
        if (sinceMs !== undefined && endMs > sinceMs + leaseLengthMs(spec.times))
          violated(8, `${life} got a lease after a majority had blocked it`);
      }
    },
  };
}
