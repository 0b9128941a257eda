/** The management controller of a host, on a network of its own, and what it may do instead of what it should. */
import type { PowerSwitch } from '../services/ports.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Model } from './simulation.ts';

export type BmcMode = 'alive' | 'dead' | 'slow' | 'ignores' | 'lies';

/** What one switch can cut: a BMC the machine itself, an outlet its share of it. */
export interface Power {
  isOn(): boolean;
  set(on: boolean): void;
  /** The next boot is from the network. Absent: an outlet cannot. */
  netBoot?(): void;
}

export interface Bmc {
  setMode(mode: BmcMode): void;
  /** As the rekindled `process` of some node uses it. */
  switchFor(process: Process): PowerSwitch;
}

/** The adapter gives up after this long; a slow BMC does what it was told all the same, later. */
const GIVE_UP_MS = 5_000;
const SLOW_MS = 12_000;
/** ipmitool gives a session up after two tries of a second each, and then it is certain that no command was heard. */
const NO_SESSION_MS = 2_000;

export function createBmc(
  method: string,
  { level, readingsApartMs }: Pick<PowerSwitch, 'level' | 'readingsApartMs'>,
  scheduler: Scheduler,
  random: Random,
  model: Model,
  power: Power,
): Bmc {
  let mode: BmcMode = 'alive';
  let saysOff = false;

  return {
    setMode(next) {
      mode = next;
    },
    switchFor(process) {
      const turn = async (on: boolean) => {
        if (mode === 'dead') {
          await process.delay(NO_SESSION_MS);
          return { kind: 'failed', reason: 'no answer' } as const;
        }
        const as = mode;
        saysOff = !on;
        const tookMs = as === 'slow' ? SLOW_MS : random.between(model.bmcOffMs);
        if (as === 'alive' || as === 'slow') scheduler.at(process.nowMs() + tookMs, () => power.set(on));
        await process.delay(Math.min(tookMs, GIVE_UP_MS));
        if (as === 'slow') return { kind: 'unknown', reason: 'no answer in time' } as const;
        // Not the acknowledgement is believed but what is read back.
        if (as === 'ignores' && power.isOn() !== on) {
          await process.delay(GIVE_UP_MS - tookMs);
          return { kind: 'failed', reason: `still ${on ? 'off' : 'on'}` } as const;
        }
        return { kind: 'succeeded', detail: `read back ${on ? 'on' : 'off'}` } as const;
      };
      const bootFromNetwork = async () => {
        if (mode === 'dead' || mode === 'slow') {
          await process.delay(NO_SESSION_MS);
          return { kind: 'failed', reason: 'no answer' } as const;
        }
        await process.delay(random.between(model.bmcStatusMs));
        if (mode === 'ignores') return { kind: 'failed', reason: 'the boot device reads back as disk' } as const;
        if (mode === 'alive') power.netBoot?.();
        return { kind: 'succeeded', detail: 'read back as network' } as const;
      };
      return {
        method,
        ...(level === undefined ? {} : { level }),
        readingsApartMs,
        off: () => turn(false),
        on: () => turn(true),
        ...(power.netBoot ? { bootFromNetwork } : {}),
        async status() {
          const silent = mode === 'dead' || mode === 'slow';
          await process.delay(silent ? NO_SESSION_MS : random.between(model.bmcStatusMs));
          if (silent) return 'unknown';
          if (mode === 'lies') return saysOff ? 'off' : 'on';
          return power.isOn() ? 'on' : 'off';
        },
      };
    },
  };
}
