import { type Fleet, latestLife } from '../../machines/fleet.ts';
import { isSpared } from '../../machines/maintenance.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { pause } from '../every.ts';
import type { PowerSwitch } from '../ports.ts';
import { type Block, block, type FenceOrder, type FencePorts, type FenceResult, fence } from './fence.ts';

/** At most one fence per life of a host at a time, whoever asks for it. */
export interface Fences {
  /** Starts proving, or joins the proof already under way. */
  join(host: string, counter: number): Promise<FenceResult>;
  block(host: string, counter: number): Promise<Block>;
  /** Hosts whose proof is under way: their Block may be out, so none of them can be cleared any more. */
  underWay(): readonly string[];
}

/** How long a proof is kept for its intent to find: the early start and the intent share one. */
const KEPT_MS = 1_000;

export function createFences(
  epoch: number,
  spec: ClusterSpec,
  fleet: () => Fleet,
  ports: FencePorts,
  switches: (host: string) => readonly PowerSwitch[],
  signal: AbortSignal,
): Fences {
  const running = new Map<string, Promise<FenceResult>>();

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
      const order = orderFor(host, counter);
      // A person's order to fence does not join a proof that would leave the power alone.
      const key = `${host}/${counter}${order.cutsPower ? '' : ' power left alone'}`;
      const before = running.get(key);
      if (before) return before;
      const proof = fence(order, ports, signal);
      running.set(key, proof);
      const forget = () => void pause(ports.clock, KEPT_MS).then(() => running.delete(key));
      proof.then(forget, forget);
      return proof;
    },
    block: (host, counter) => block(orderFor(host, counter), ports, signal),
    underWay: () => [...running.keys()].map((key) => key.slice(0, key.lastIndexOf('/'))),
  };
}
