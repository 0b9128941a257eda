/**
 * The petter of a host, and the watchdog that it pets. The watchdog is no process: it counts on through a freeze, and
 * resets the machine within W + δ of the last pet (assumption A2).
 */
import { PET_PERIOD_MS, WATCHDOG_SLACK_MS } from '../machines/times.ts';
import type { Petter } from '../services/ports.ts';
import type { NodeClock } from './node-clock.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Watchdog {
  /** The petter as rekindled knows it. */
  readonly port: Petter;
  boot(): void;
  powerOff(): void;
  /** Its supervisor starts it again, and rekindled tells it once more how long it may pet. */
  killPetter(): void;
}

export interface WatchdogParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly clock: NodeClock;
  readonly timeoutMs: number;
  /** False: there is none in this host. */
  readonly present: boolean;
  readonly awake: () => boolean;
  readonly petted: (clockMs: number, untilMs: number) => void;
  readonly bite: () => void;
}

const ARMED_AFTER_MS = 150;
const PETTER_RESTART_MS = 400;

export function createWatchdog(parts: WatchdogParts): Watchdog {
  const { scheduler, random, clock, timeoutMs } = parts;
  const periodMs = Math.min(timeoutMs / 4, PET_PERIOD_MS);
  let boots = 0;
  let powered = false;
  let petterAlive = false;
  /** What the petter was told, and what rekindled told it last. */
  let untilMs = Number.NEGATIVE_INFINITY;
  let wantedMs = Number.NEGATIVE_INFINITY;
  let armed = false;
  let lastPetMs = 0;

  /** The hardware: true time, whatever stands still. */
  const count = (boot: number) => {
    const bitesMs = lastPetMs + timeoutMs + random.next() * WATCHDOG_SLACK_MS;
    scheduler.at(bitesMs, () => {
      if (boot !== boots || !powered) return;
      if (scheduler.now() - lastPetMs >= timeoutMs) parts.bite();
      else count(boot);
    });
  };

  const tick = (boot: number) => {
    if (boot !== boots || !powered) return;
    clock.after(periodMs, () => tick(boot));
    pet(boot);
  };

  const pet = (boot: number) => {
    if (!petterAlive || !parts.awake()) return;
    // The rule of the petter (adapters/watchdog/petter.ts): p + W + δ ≤ E.
    const nowMs = clock.nowMs();
    if (nowMs + timeoutMs + WATCHDOG_SLACK_MS > untilMs) return;
    lastPetMs = scheduler.now();
    parts.petted(nowMs, untilMs);
    if (armed) return;
    armed = true;
    count(boot);
  };

  return {
    port: {
      setUntil(ms) {
        wantedMs = ms;
        if (!petterAlive) return;
        untilMs = ms;
        pet(boots);
      },
      armed: () => (parts.present && petterAlive && powered ? { timeoutMs, what: 'simulated watchdog' } : null),
    },
    boot() {
      boots += 1;
      powered = true;
      armed = false;
      wantedMs = untilMs = Number.NEGATIVE_INFINITY;
      if (!parts.present) return;
      const boot = boots;
      clock.after(ARMED_AFTER_MS, () => {
        if (boot !== boots || !powered) return;
        petterAlive = true;
        untilMs = wantedMs;
        tick(boot);
      });
    },
    powerOff() {
      boots += 1;
      powered = false;
      petterAlive = false;
    },
    killPetter() {
      if (!petterAlive) return;
      petterAlive = false;
      const boot = boots;
      clock.after(PETTER_RESTART_MS, () => {
        if (boot !== boots || !powered) return;
        petterAlive = true;
        untilMs = wantedMs;
      });
    },
  };
}
