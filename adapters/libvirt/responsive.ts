/** Whether a guest's QEMU, and the agent inside the guest, still answer. */
import type { Shells } from './shells.ts';

export interface Responsiveness {
  /** False: QEMU's monitor has been silent to a question for HUNG_MS or longer. True also where nothing can be said. */
  qemu(guest: string): Promise<boolean>;
  /** True: the guest agent answered a ping in `timeoutMs`. */
  agent(guest: string, timeoutMs: number): Promise<boolean>;
}

/** A healthy monitor answers in a millisecond; a busy one (snapshot, device change) within a second or two. */
const HUNG_MS = 2_000;
const PATIENCE_MS = 500;
/** How long one question to a hung monitor is kept open. libvirt holds it as long as QEMU lives, whatever we do. */
const QUESTION_MS = 60_000;
const QUERY_MS = 2_000;

export function createResponsiveness(queries: Shells, probes: Shells): Responsiveness {
  /** At most one open question per guest: each occupies one of libvirtd's few workers until QEMU answers. */
  const asked = new Map<string, Promise<boolean>>();

  /** True: the monitor answered. Rejects only with what `control` will tell better. */
  const question = (guest: string): Promise<boolean> => {
    const open = asked.get(guest);
    if (open !== undefined) return open;
    const answer = probes
      .run(['domblkerror', guest], QUESTION_MS)
      .then(() => true)
      .finally(() => asked.delete(guest));
    asked.set(guest, answer);
    return answer;
  };

  /** How long the monitor has kept somebody waiting, in ms; 0 when nobody waits or libvirt does not say. */
  const occupiedMs = async (guest: string): Promise<number> => {
    const { out } = await queries.run(['domcontrol', guest], QUERY_MS);
    return Number(/^occupied \((\d+(?:\.\d+)?)s\)$/.exec(out.trim())?.[1] ?? 0) * 1_000;
  };

  return {
    async qemu(guest) {
      try {
        const waitedMs = await occupiedMs(guest);
        if (waitedMs > 0) return waitedMs < HUNG_MS;
        // `domcontrol` only knows of questions under way, so there must be one.
        const patience = new Promise<false>((resolve) => setTimeout(resolve, PATIENCE_MS, false).unref());
        const answered = await Promise.race([question(guest).catch(() => false), patience]);
        return answered || (await occupiedMs(guest)) < HUNG_MS;
      } catch {
        // libvirt itself is silent: that is libvirt's trouble and seen elsewhere, not this guest's.
        return true;
      }
    },

    async agent(guest, timeoutMs) {
      try {
        const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1_000)));
        const ping = ['qemu-agent-command', guest, '{"execute":"guest-ping"}', '--timeout', seconds];
        const { out, error } = await probes.run(ping, timeoutMs);
        return error === null && (JSON.parse(out) as { return?: unknown }).return !== undefined;
      } catch {
        return false;
      }
    },
  };
}
