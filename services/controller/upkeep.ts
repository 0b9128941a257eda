/** What a leader does as time goes by: due timers become entries, and the forecast of the next failure is kept true. */
import { headroom } from '../../machines/admission.ts';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { Clock } from '../ports.ts';
import type { Pen } from './pen.ts';

/**
 * Returns the tick. How long a timer has left is read from the wall clock once, when this leader first sees it, and then
 * counted on its own clock: a wall clock that jumps neither fires a timer early nor holds it for years. A timer is
 * accepted only while armed with this very sequence, so firing twice is harmless.
 */
export function fireTimers(
  fleet: () => Fleet,
  pen: Pen,
  clock: Clock,
  quietly: (what: string) => (error: unknown) => void,
): () => void {
  const dueAtMs = new Map<string, { armedSeq: number; ms: number }>();
  const firing = new Set<string>();
  return () => {
    const { timers, nowMs, wallMs } = fleet();
    for (const id of dueAtMs.keys()) if (!timers[id]) dueAtMs.delete(id);
    for (const { id, armedSeq, dueMs, subject } of Object.values(timers)) {
      let due = dueAtMs.get(id);
      if (due?.armedSeq !== armedSeq) {
        // Never more is left than was when the last entry was written, whatever the clock on this wall says.
        const leftMs = Math.max(0, dueMs - nowMs - Math.max(0, clock.wall() - wallMs));
        due = { armedSeq, ms: clock.now() + leftMs };
        dueAtMs.set(id, due);
      }
      if (due.ms > clock.now() || firing.has(id)) continue;
      firing.add(id);
      const fired: Draft = { type: 'timer.fired', subject, cause: 'observation', data: { timer: id, armedSeq } };
      void pen
        .write((now) => (now.timers[id]?.armedSeq === armedSeq ? [fired] : []))
        .catch(quietly('timer'))
        .finally(() => firing.delete(id));
    }
  };
}

/** The forecast only changes with the state, so it is computed only for a state that is new. */
export function noteHeadroom(pen: Pen): () => Promise<unknown> {
  let seq = -1;
  return () =>
    pen.write((fleet) => {
      if (fleet.seq === seq) return [];
      seq = fleet.seq;
      const { survivable, why } = headroom(fleet);
      if (fleet.headroom?.survivable === survivable && fleet.headroom.why === why) return [];
      return [{ type: 'headroom.changed', subject: 'cluster', cause: 'observation', data: { survivable, why } }];
    });
}
