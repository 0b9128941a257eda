import { type Fleet, latestLife } from '../../machines/fleet.ts';
import { isSpared } from '../../machines/maintenance.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { PowerSwitch } from '../ports.ts';
import { type Block, block, type FenceOrder, type FencePorts, type FenceResult, fence } from './fence.ts';

/** At most one fence per life of a host at a time, whoever asks for it. */
export interface Fences {
  /** Starts proving, or joins the proof already under way. */
  join(host: string, counter: number): Promise<FenceResult>;
  /** True while a proof is at hand that the log does not have yet. */
  proven(host: string, counter: number): boolean;
  block(host: string, counter: number): Promise<Block>;
  /** Hosts whose proof is under way or not in the log yet: their Block may be out, so none of them can be cleared any more. */
  underWay(): readonly string[];
}

export function createFences(
  epoch: number,
  spec: ClusterSpec,
  fleet: () => Fleet,
  ports: FencePorts,
  switches: (host: string) => readonly PowerSwitch[],
  signal: AbortSignal,
): Fences {
  const running = new Map<
    string,
    { readonly order: FenceOrder; readonly proof: Promise<FenceResult>; proven: boolean }
  >();
  /** A proof holds for its life for ever, so it is kept until the log has it, however long the log stalls. */
  const forgetKnown = () => {
    for (const [key, { order, proven }] of running) if (proven && !order.wanted()) running.delete(key);
  };

  const orderFor = (host: string, counter: number): FenceOrder => ({
    host,
    counter,
    epoch,
    voters: (fleet().spec ?? spec).voters,
    times: (fleet().spec ?? spec).times,
    selfFencing: fleet().hosts[host]?.context.selfFencing ?? false,
    switches: switches(host),
    cutsPower: !isSpared(fleet(), host),
    wanted: () => {
      const context = fleet().hosts[host]?.context;
      return context !== undefined && latestLife(context) === counter && context.fence === null;
    },
  });

  return {
    join(host, counter) {
      forgetKnown();
      const order = orderFor(host, counter);
      // A person's order to fence does not join a proof that would leave the power alone.
      const key = `${host}/${counter}${order.cutsPower ? '' : ' power left alone'}`;
      const before = running.get(key);
      if (before) return before.proof;
      const one = { order, proof: fence(order, ports, signal), proven: false };
      running.set(key, one);
      one.proof.then(
        ({ kind }) => {
          one.proven = kind === 'proven';
          if (!one.proven) running.delete(key);
        },
        () => running.delete(key),
      );
      return one.proof;
    },
    proven: (host, counter) =>
      [...running.values()].some(({ order, proven }) => proven && order.host === host && order.counter === counter),
    block: (host, counter) => block(orderFor(host, counter), ports, signal),
    underWay() {
      forgetKnown();
      return [...running.values()].map(({ order }) => order.host);
    },
  };
}
