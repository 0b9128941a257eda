import type { Fleet } from '../../machines/fleet.ts';
import { spareSteps } from '../../machines/spares.ts';
import type { Pen } from './pen.ts';

/** Returns the tick: spares that are needed are called. Only the state decides, so each is looked at once. */
export function callSpares(fleet: () => Fleet, pen: Pen): () => Promise<unknown> {
  let seq = -1;
  return async () => {
    const now = fleet();
    if (now.seq === seq) return;
    seq = now.seq;
    if (spareSteps(now).length > 0) await pen.write(spareSteps);
  };
}
