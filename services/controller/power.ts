/**
 * What one reign orders of power switches. A command can outlive its answer: the lease may prove a host stopped while an
 * off is still under way, and a slow BMC may carry one out that was given up long ago. So no host is switched on while
 * its off is under way, and after an off without an answer the power is watched for a while.
 */
import { pause } from '../every.ts';
import { linked } from '../linked.ts';
import type { Clock, Outcome, PowerSwitch, Say } from '../ports.ts';

/** An off that was not answered may still come true for this long; chosen, for no BMC promises anything. */
const LATE_MS = 30_000;
/** Adapters bound every call; whatever they do, a power-on waits no longer than this. */
const OFF_ENDS_MS = 60_000;
const LOOK_MS = 2_000;

export interface PowerOrders {
  /** The switches of a host. What is ordered through them is remembered. */
  switches(host: string): readonly PowerSwitch[];
  /**
   * Switches on by the first switch that can. `cutFirst`: off before on, for a machine that hangs. Afterwards, and while
   * `awaited` holds, a late off is undone. `method` names the switches asked; `none` when there is none. Null:
   * nobody waits for it any more.
   */
  on(host: string, cutFirst: boolean, awaited: () => boolean): Promise<{ method: string; outcome: Outcome } | null>;
  /**
   * Boots from the network, once, by the first switch that can: boot device set and read back, power off and read back, then
   * on. Null: nobody waits for it any more.
   */
  netBoot(
    host: string,
    firmware: 'bios' | 'uefi',
    awaited: () => boolean,
  ): Promise<{ method: string; outcome: Outcome } | null>;
  /** Off by the first switch that reads it back as off; why not, for each of them, otherwise. */
  off(host: string): Promise<{ method: string; outcome: Outcome }>;
}

/** `inherited`: hosts that an earlier leader was proving stopped, and may have ordered off in its last moment. */
export function createPowerOrders(
  switches: (host: string) => readonly PowerSwitch[],
  inherited: readonly string[],
  { clock, say }: { clock: Clock; say: Say },
  signal: AbortSignal,
): PowerOrders {
  const underWay = new Map<string, Set<Promise<Outcome>>>();
  const doubtfulUntilMs = new Map(inherited.map((host) => [host, clock.now() + LATE_MS]));

  const remembered = (host: string, power: PowerSwitch): PowerSwitch => ({
    ...power,
    async off() {
      const offs = underWay.get(host) ?? new Set();
      const off = power.off();
      underWay.set(host, offs.add(off));
      try {
        const outcome = await off;
        if (outcome.kind === 'unknown') doubtfulUntilMs.set(host, clock.now() + LATE_MS);
        return outcome;
      } finally {
        offs.delete(off);
      }
    },
  });

  const offsEnded = (host: string) => {
    const ended = linked(signal);
    const bounded = pause(clock, OFF_ENDS_MS, ended.signal);
    return Promise.race([Promise.allSettled(underWay.get(host) ?? []), bounded]).finally(() => ended.abort());
  };

  /** Its last look is after the last moment at which a late off may come true. */
  const undoLateOffs = async (host: string, power: PowerSwitch, awaited: () => boolean) => {
    const doubtful = () => clock.now() < (doubtfulUntilMs.get(host) ?? Number.NEGATIVE_INFINITY);
    let again = doubtful();
    while (again && awaited() && !signal.aborted) {
      await pause(clock, LOOK_MS, signal);
      again = doubtful();
      if ((await power.status()) !== 'off' || !awaited() || signal.aborted) continue;
      say.warn('switched off by a late command, switching on again', { host, method: power.method });
      await power.on();
    }
  };

  type Asked = { method: string; outcome: Exclude<Outcome, { kind: 'succeeded' }> };
  const none = (asked: readonly Asked[], nothing: string): { method: string; outcome: Outcome } => {
    if (asked.length === 0) return { method: 'none', outcome: { kind: 'failed', reason: nothing } };
    // One of them may have done it after all.
    const kind = asked.some(({ outcome }) => outcome.kind === 'unknown') ? 'unknown' : 'failed';
    const reason = asked.map(({ method, outcome }) => `${method}: ${outcome.reason}`).join('; ');
    return { method: asked.map(({ method }) => method).join(', '), outcome: { kind, reason } };
  };

  const offReadBack = async (power: PowerSwitch): Promise<Outcome> => {
    const off = await power.off();
    if (off.kind === 'failed') return off;
    const state = await power.status();
    if (state === 'off') return { kind: 'succeeded', detail: 'read back as off' };
    return { kind: 'unknown', reason: `read back as ${state} after the off command` };
  };

  const all = (host: string) => switches(host).map((power) => remembered(host, power));

  return {
    switches: all,
    async on(host, cutFirst, awaited) {
      await offsEnded(host);
      const asked: Asked[] = [];
      for (const power of all(host)) {
        if (!awaited()) return null;
        if (cutFirst) await power.off();
        const outcome = await power.on();
        if (outcome.kind === 'succeeded') {
          void undoLateOffs(host, power, awaited);
          return { method: power.method, outcome };
        }
        asked.push({ method: power.method, outcome });
      }
      return none(asked, 'no power switch is configured for this host');
    },

    async netBoot(host, firmware, awaited) {
      await offsEnded(host);
      const asked: Asked[] = [];
      for (const power of all(host)) {
        if (!power.bootFromNetwork) continue;
        if (!awaited()) return null;
        // Read back before the power is touched: a machine that is on its way to its old disk is worse than one that waits.
        const steps = [() => power.bootFromNetwork!(firmware), () => offReadBack(power), () => power.on()];
        let outcome: Outcome = { kind: 'succeeded', detail: '' };
        for (const step of steps) {
          if (!awaited()) return null;
          outcome = await step();
          if (outcome.kind !== 'succeeded') break;
        }
        if (outcome.kind === 'succeeded') {
          void undoLateOffs(host, power, awaited);
          return { method: power.method, outcome };
        }
        asked.push({ method: power.method, outcome });
      }
      return none(
        asked,
        'no power switch of this host can set its boot device: let its firmware boot from the network first, or add a switch that can',
      );
    },

    async off(host) {
      const asked: Asked[] = [];
      for (const power of all(host)) {
        const outcome = await offReadBack(power);
        if (outcome.kind === 'succeeded') return { method: power.method, outcome };
        asked.push({ method: power.method, outcome });
      }
      return none(asked, 'no power switch is configured for this host');
    },
  };
}
