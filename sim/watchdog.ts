/**
 * The petter of a host, and the watchdog that it pets. The watchdog is no process: it counts on through a freeze, and
 * resets the machine within W + δ of the last pet (assumption A2).
 */
import { PET_PERIOD_MS, WATCHDOG_SLACK_MS } from '../machines/times.ts';
import type { Petter } from '../services/ports.ts';
import type { NodeClock } from './node-clock.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Watchdog {
  /** The petter as the rekindled `process` knows it, which starts it where none runs, and again when it dies. */
  portOf(process: Process): Petter;
  boot(): void;
  powerOff(): void;
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

/** From its start, or its death, to its first word: a new process, and two connections. */
const PETTER_START_MS = 300;

export function createWatchdog(parts: WatchdogParts): Watchdog {
  const { scheduler, random, clock, timeoutMs } = parts;
  const periodMs = Math.min(timeoutMs / 4, PET_PERIOD_MS);
  let boots = 0;
  let powered = false;
  /** `guards`: the watchdog has answered a pet of this petter, which is how rekindled learns that it is armed. */
  let petter: { untilMs: number; guards: boolean } | null = null;
  /** The newest rekindled, and what it told last. */
  let daemon: { readonly process: Process; wantedMs: number } | null = null;
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
    if (!petter || !parts.awake()) return;
    // The rule of the petter (adapters/watchdog/petter.ts): p + W + δ ≤ E.
    const nowMs = clock.nowMs();
    if (nowMs + timeoutMs + WATCHDOG_SLACK_MS > petter.untilMs) return;
    lastPetMs = scheduler.now();
    petter.guards = true;
    parts.petted(nowMs, petter.untilMs);
    if (armed) return;
    armed = true;
    count(boot);
  };

  const startPetter = () => {
    const by = daemon;
    by?.process.after(PETTER_START_MS, () => {
      if (petter || daemon !== by || !powered) return;
      petter = { untilMs: by.wantedMs, guards: false };
      pet(boots);
    });
  };

  return {
    portOf(process) {
      const self = { process, wantedMs: Number.NEGATIVE_INFINITY };
      daemon = self;
      if (parts.present && !petter) startPetter();
      return {
        setUntil(ms) {
          self.wantedMs = ms;
          if (!petter || daemon !== self) return;
          petter.untilMs = ms;
          pet(boots);
        },
        armed: () => (petter?.guards && daemon === self ? { timeoutMs, what: 'simulated watchdog' } : null),
      };
    },
    boot() {
      boots += 1;
      powered = true;
      armed = false;
      const boot = boots;
      if (parts.present) clock.after(periodMs, () => tick(boot));
    },
    powerOff() {
      boots += 1;
      powered = false;
      petter = null;
      daemon = null;
    },
    killPetter() {
      if (!petter) return;
      petter = null;
      startPetter();
    },
  };
}
