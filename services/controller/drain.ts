import { drainSteps } from '../../machines/drain.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { Pen } from './pen.ts';

/** Returns the tick: guests of hosts that are to be emptied are asked to leave. Only the state decides, so each is looked at once. */
export function drainHosts(fleet: () => Fleet, pen: Pen): () => Promise<unknown> {
  let seq = -1;
  return async () => {
    const now = fleet();
    if (now.seq === seq) return;
    seq = now.seq;
    if (drainSteps(now).length > 0) await pen.write(drainSteps);
  };
}
