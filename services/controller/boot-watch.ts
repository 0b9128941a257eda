/** The leader's side of a start from the disk that has failed (machines/fall-through.ts): told by any node, written once. */
import { fallThrough } from '../../machines/fall-through.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { Clock } from '../ports.ts';
import type { BootSeen, InstallAnswer } from '../provisioning.ts';
import type { Pen } from './pen.ts';

export interface BootWatch {
  take(seen: BootSeen): Promise<InstallAnswer>;
  /** Since this leader wrote down that the host asks for a network boot by itself; null: it did not. */
  sinceMs(host: string): number | null;
}

export function createBootWatch(pen: Pen, fleet: () => Fleet, clock: Clock): BootWatch {
  /** By host: no more than there are. */
  const writtenAtMs = new Map<string, number>();
  return {
    async take({ from, mac, armedSeq }) {
      let host: string | null = null;
      const seq = await pen.write((now) => {
        const draft = fallThrough(now, mac, from);
        // What the node saw belongs to the start that its state was waiting for: ours may be waiting for the next one.
        if (draft?.data.armedSeq !== armedSeq) return [];
        host = draft.subject.slice('host/'.length);
        return [draft];
      });
      if (seq === null || host === null) return { kind: 'refused', reason: 'it says nothing new', stop: true };
      for (const gone of writtenAtMs.keys()) if (!fleet().hosts[gone]) writtenAtMs.delete(gone);
      writtenAtMs.set(host, clock.now());
      return { kind: 'ok' };
    },
    sinceMs(host) {
      const atMs = writtenAtMs.get(host);
      return atMs === undefined ? null : clock.now() - atMs;
    },
  };
}
