import type { CheckedSwitch } from '../adapters/power/power-switches.ts';
import { RekindleError } from '../services/errors.ts';
import { every, pause } from '../services/every.ts';
import type { Clock, Say } from '../services/ports.ts';

/** A BMC that died is best known before it is needed. */
const EVERY_MS = 600_000;
/** One in trouble is looked at more often: it may only have been started later than this node. */
const TROUBLED_EVERY_MS = 60_000;
/** A host in service is heard within so many heartbeats. */
const HEARTBEATS = 3;

export interface PowerCheck {
  /** Why the host's power could not be cut or read, and since when; null: it could; undefined: not looked at yet. */
  trouble(host: string): string | null | undefined;
  stop(): void;
}

export interface PowerCheckPorts {
  readonly clock: Clock;
  readonly say: Say;
  readonly heartbeatMs: number;
  readonly heardAgoMs: (host: string) => number | null;
}

/** Reads every host's switches now and then, and says which cannot be read, and which say off of a host that speaks. */
export function checkPower(
  hosts: readonly string[],
  switches: (host: string) => readonly CheckedSwitch[],
  { clock, say, heartbeatMs, heardAgoMs }: PowerCheckPorts,
): PowerCheck {
  const known = new Map<string, { readonly wrong: string; readonly since: string } | null>();
  const dueMs = new Map<string, number>();
  const ending = new AbortController();

  const wrongWith = async (host: string, power: CheckedSwitch): Promise<string | null> => {
    const isNews = (message: string) => !known.get(host)?.wrong.includes(message);
    const state = await power.status();
    if (state === 'on') return null;
    if (state === 'unknown') {
      return power.check().then(
        () => null,
        (error: unknown) => {
          const about = error instanceof RekindleError ? { host, code: error.code, todo: error.todo } : { host };
          const message = error instanceof Error ? error.message : String(error);
          if (isNews(message)) say.warn(message, about);
          return message;
        },
      );
    }
    // Heard between two readings of off: no machine is switched off, on, booted and off again in that time.
    const beganMs = clock.now();
    await pause(clock, HEARTBEATS * heartbeatMs, ending.signal);
    const agoMs = heardAgoMs(host);
    if (agoMs === null || agoMs >= clock.now() - beganMs || (await power.status()) !== 'off') return null;
    const message = `${power.method} reads off while ${host} is heard, so it is no proof`;
    if (isNews(message))
      say.error(message, { host, todo: 'find out whose power it reads: fencing by it may cut another host' });
    return message;
  };

  const checkOne = async (host: string) => {
    if (clock.now() < (dueMs.get(host) ?? Number.NEGATIVE_INFINITY)) return;
    const beganMs = clock.now();
    const found = await Promise.all(switches(host).map((power) => wrongWith(host, power)));
    const wrong = found.filter((each) => each !== null).join('; ');
    const before = known.get(host);
    const since = before?.wrong === wrong ? before.since : `${new Date(clock.wall()).toISOString().slice(0, 19)}Z`;
    if (wrong === '' && before) say.info(`the power of ${host} can be read again`, { host });
    known.set(host, wrong === '' ? null : { wrong, since });
    dueMs.set(host, beganMs + (wrong === '' ? EVERY_MS : TROUBLED_EVERY_MS));
  };
  const stop = every(clock, TROUBLED_EVERY_MS, async () => {
    await Promise.all(
      hosts.map((host) =>
        checkOne(host).catch((error: unknown) => say.warn('power switch unusable', { host, reason: String(error) })),
      ),
    );
  });
  return {
    trouble(host) {
      const about = known.get(host);
      return about && `${about.wrong}, since ${about.since}`;
    },
    stop() {
      ending.abort();
      stop();
    },
  };
}
