/** What a leader does as time goes by: due timers become entries, and the forecast of the next failure is kept true. */
import { type Headroom, headroom, headroomInParts } from '../../machines/admission.ts';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { pause } from '../every.ts';
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

/** Beyond so many hosts the forecast is made in parts: it takes a second of 1,000 hosts, and this thread renews leases. */
const AT_ONCE = 16;

/** The forecast only changes with the state, so it is made only of a state that is new. */
export function noteHeadroom(fleet: () => Fleet, pen: Pen, clock: Clock, signal: AbortSignal): () => Promise<unknown> {
  let seq = -1;
  const inParts = async (of: Fleet): Promise<Headroom | null> => {
    const forecast = headroomInParts(of);
    for (;;) {
      const part = forecast.next();
      if (part.done) return part.value;
      await pause(clock, 0, signal);
      if (signal.aborted) return null;
    }
  };
  return async () => {
    const now = fleet();
    const large = Object.keys(now.hosts).length > AT_ONCE;
    if (large && now.seq === seq) return;
    const forecast = large ? await inParts(now) : null;
    if (large && forecast === null) return;
    await pen.write((latest) => {
      if (!large && latest.seq === seq) return [];
      // What happened during a long forecast is looked at next time.
      seq = large ? now.seq : latest.seq;
      const { survivable, why } = forecast ?? headroom(latest);
      if (latest.headroom?.survivable === survivable && latest.headroom.why === why) return [];
      return [{ type: 'headroom.changed', subject: 'cluster', cause: 'observation', data: { survivable, why } }];
    });
  };
}
