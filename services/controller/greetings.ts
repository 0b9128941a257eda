import type { Fleet } from '../../machines/fleet.ts';
import type { Times } from '../../machines/times.ts';
import type { Hearing } from '../hearing.ts';
import type { Clock } from '../ports.ts';
import { owesItsVoice } from './liveness.ts';

/** How much longer than `suspectMs` a host may be silent whose nats-server still greets. */
const PATIENCE = 2.5;
const LOOK_MS = 50;

/**
 * A daemon that was killed is back within a second, and its guests notice nothing; a host that lost its power is not. To
 * tell the two apart while there is time, the host's nats-server, which outlives the daemon, is asked for its greeting
 * as soon as the silence is half as long as a suspicion takes. This only ever delays a fence, so it cannot make one wrong.
 */
export interface Greetings {
  /** Asks where it is time to; returns after how many milliseconds it may be time again. */
  tick(): number;
  /** True while this silence is better explained by a daemon that is being restarted. */
  excuse(host: string): boolean;
}

export function createGreetings(
  fleet: () => Fleet,
  hearing: Hearing,
  times: Times,
  greets: (host: string) => Promise<boolean>,
  clock: Clock,
): Greetings {
  const asked = new Map<string, number>();
  const greeted = new Map<string, number>();

  const ask = async (host: string): Promise<void> => {
    asked.set(host, clock.now());
    if (await greets(host)) greeted.set(host, clock.now());
  };

  return {
    tick() {
      const now = clock.now();
      const { hosts } = fleet();
      let restMs = times.suspectMs / 2;
      for (const host in hosts) {
        if (!owesItsVoice(hosts[host]!)) continue;
        const leftMs = times.suspectMs / 2 - hearing.silentMs(host);
        restMs = Math.min(restMs, leftMs);
        if (leftMs <= 0 && now - (asked.get(host) ?? 0) >= times.heartbeatMs) void ask(host);
      }
      return Math.max(LOOK_MS, restMs);
    },
    excuse(host) {
      const agoMs = clock.now() - (greeted.get(host) ?? Number.NEGATIVE_INFINITY);
      return agoMs <= 2 * times.heartbeatMs && hearing.silentMs(host) < PATIENCE * times.suspectMs;
    },
  };
}
