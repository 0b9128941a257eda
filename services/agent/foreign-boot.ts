import { every } from '../every.ts';
import type { Clock } from '../ports.ts';
import type { Outbox } from './outbox.ts';

/** Who else answers network boots where this node does; null: nobody; undefined: not looked yet. */
export type ForeignBoot = () => string | null | undefined;

const LOOK_MS = 15_000;

/** Tells the leader, and goes on telling it while it is so: a new life of the host begins without its troubles. Returns its end. */
export function noteForeignBoot(
  subject: string,
  seen: ForeignBoot,
  clock: Clock,
  outbox: Pick<Outbox, 'report'>,
): () => void {
  let told: string | null | undefined;
  let waiting = false;
  return every(clock, LOOK_MS, () => {
    const reason = seen();
    if (waiting || reason === undefined || (reason === null && told === null)) return;
    waiting = true;
    const answered = () => {
      waiting = false;
      told = reason;
    };
    if (reason === null) outbox.report('host.restored', subject, { what: 'netboot' }, answered);
    else outbox.report('host.degraded', subject, { what: 'netboot', reason }, answered);
  });
}
