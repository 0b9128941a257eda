/** The way of a bare machine from its damage to its guests' return, read from the log's own entries. */
import type { Stored } from '../../machines/entries.ts';

/**
 * Milliseconds from the fault. Null: did not happen. `cycled`: its power came back and it was waited for; `disproven`:
 * that start from its own disk had failed, as it said itself by asking for a network boot, or would have been waited for
 * longer; `elsewhere`: a guest that may run elsewhere did; `carrying`: a guest runs on it again.
 */
export const REINSTALL_STEPS = [
  'noticed',
  'proven',
  'elsewhere',
  'cycled',
  'disproven',
  'armed',
  'powered',
  'loader',
  'installer',
  'committed',
  'sealed',
  'left',
  'enrolled',
  'registered',
  'qualified',
  'carrying',
] as const;
export type ReinstallStep = (typeof REINSTALL_STEPS)[number];
export type ReinstallSteps = Readonly<Record<ReinstallStep, number | null>>;

export function reinstallSteps(entries: readonly Stored[], host: string, faultMs: number): ReinstallSteps {
  const after = entries.map(({ entry }) => entry).filter((entry) => Date.parse(entry.time) >= faultMs);
  const own = after.filter(({ subject }) => subject === `host/${host}`);
  const at = (entry: { time: string } | undefined) => (entry ? Date.parse(entry.time) - faultMs : null);
  const first = (type: string) => at(own.find((entry) => entry.type === type));
  /** Of the try that succeeded. */
  const last = (type: string) => at(own.findLast((entry) => entry.type === type));
  const started = after.filter((entry) => entry.type === 'start.succeeded');
  return {
    noticed: first('host.suspected'),
    proven: first('fence.proven'),
    elsewhere: at(started.find((entry) => entry.data.host !== host)),
    cycled: first('power-on.succeeded'),
    disproven: at(
      own.find(
        (entry) =>
          entry.type === 'boot.fallen-through' ||
          (entry.type === 'timer.fired' && entry.data.timer === `host/${host}/rejoin`),
      ),
    ),
    armed: last('reinstall.armed'),
    powered: last('netboot.succeeded'),
    loader: last('reinstall.ticketed'),
    installer: last('reinstall.booted'),
    committed: last('reinstall.committed'),
    sealed: last('reinstall.sealed'),
    left: last('reinstall.left'),
    enrolled: last('host.enrolled'),
    registered: last('host.joined'),
    qualified: last('qualify.succeeded'),
    carrying: at(started.findLast((entry) => entry.data.host === host)),
  };
}
