/** What a leader does as time goes by: due timers become entries, and the forecast of the next failure is kept true. */
import { headroom } from '../../machines/admission.ts';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { Clock } from '../ports.ts';
import type { Pen } from './pen.ts';

/** Returns the tick. A timer is accepted only while armed with this very sequence, so firing twice is harmless. */
export function fireTimers(
  fleet: () => Fleet,
  pen: Pen,
  clock: Clock,
  quietly: (what: string) => (error: unknown) => void,
): () => void {
  const firing = new Set<string>();
  return () => {
    const nowMs = clock.wall();
    for (const { id, armedSeq, dueMs, subject } of Object.values(fleet().timers)) {
      if (dueMs > nowMs || firing.has(id)) continue;
      firing.add(id);
      const fired: Draft = { type: 'timer.fired', subject, cause: 'observation', data: { timer: id, armedSeq } };
      void pen
        .write((now) => (now.timers[id]?.armedSeq === armedSeq ? [fired] : []))
        .catch(quietly('timer'))
        .finally(() => firing.delete(id));
    }
  };
}

export async function noteHeadroom(pen: Pen): Promise<void> {
  await pen.write((fleet) => {
    const { survivable, why } = headroom(fleet);
    if (fleet.headroom?.survivable === survivable && fleet.headroom.why === why) return [];
    return [{ type: 'headroom.changed', subject: 'cluster', cause: 'observation', data: { survivable, why } }];
  });
}
