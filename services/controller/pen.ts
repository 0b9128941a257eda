/** The leader's way to write: one decision at a time, made on the state it is appended to. */
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { Clock, Log, Say } from '../ports.ts';
import { type Loss, lossDraft, mendLog } from './mend-log.ts';
import type { Replica } from './replica.ts';

export interface Pen {
  /**
   * Calls `decide` with the current state and appends what it returns. If anybody else wrote meanwhile, the state is
   * brought up to date and `decide` is asked again, so no decision ever rests on a state it was not made for.
   * Resolves with the last sequence written, or null when there was nothing to write. Rejects when the reign is over.
   */
  write(decide: (fleet: Fleet) => readonly Draft[]): Promise<number | null>;
}

export class ReignOver extends Error {}

export function createPen(
  node: string,
  epoch: number,
  ports: { log: Log; replica: Replica; clock: Clock; say: Say },
  signal: AbortSignal,
): Pen {
  const { log, replica, clock } = ports;
  let last: Promise<unknown> = Promise.resolve();
  /** Found lost and stored again in this reign, and not told in the log yet. */
  let lost: Loss | null = null;

  const over = () => new ReignOver(`the reign of epoch ${epoch} on ${node} is over`);

  const append = async (draft: Draft): Promise<'stored' | 'again'> => {
    const appended = await log.append(draft, replica.head(), { node, epoch, atMs: clock.wall() }, signal);
    if (signal.aborted) throw over();
    if (appended.kind === 'stored') {
      if (!replica.take(appended.stored)) throw over();
      return 'stored';
    }
    // Somebody else wrote, or the stream has lost what we know it had: without mending no append would ever fit again.
    if (appended.kind === 'conflict') lost = (await mendLog(replica, ports, signal).catch(() => null)) ?? lost;
    if (signal.aborted) throw over();
    // A newer leader has written: whatever we wanted to say is no longer ours to say.
    if (replica.fleet().epoch > epoch) throw over();
    return 'again';
  };

  const run = async (decide: (fleet: Fleet) => readonly Draft[]): Promise<number | null> => {
    let wrote: number | null = null;
    for (;;) {
      if (signal.aborted) throw over();
      if (lost && replica.fleet().epoch === epoch) {
        if ((await append(lossDraft(lost, node))) === 'stored') lost = null;
        continue;
      }
      const drafts = decide(replica.fleet());
      if (drafts.length === 0) return wrote;
      let conflict = false;
      for (const draft of drafts) {
        if ((await append(draft)) === 'again') {
          conflict = true;
          break;
        }
        wrote = replica.head().seq;
      }
      if (!conflict) return wrote;
    }
  };

  return {
    write(decide) {
      const next = last.then(() => run(decide));
      last = next.catch(() => {});
      return next;
    },
  };
}
