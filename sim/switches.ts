/** The power switches of one host as its cluster file has them. */
import type { HostSpec, PowerSpec } from '../machines/spec.ts';
import { waysOf } from '../machines/spec.ts';
import { allSwitches } from '../services/all-switches.ts';
import type { PowerSwitch } from '../services/ports.ts';
import { type Bmc, createBmc, type Power } from './bmc.ts';
import { createOutlets } from './outlets.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Model } from './simulation.ts';

export interface Switches {
  /** The very first: what faults of "the BMC" befall. */
  readonly first: Bmc;
  /** As the rekindled `process` of some node uses them. */
  of(process: Process): readonly PowerSwitch[];
}

export function createSwitches(
  host: string,
  specs: HostSpec['power'],
  scheduler: Scheduler,
  random: Random,
  model: Model,
  machine: Power,
): Switches | null {
  const made = specs.map((spec, index) => {
    const powers = spec.kind === 'all' ? createOutlets(spec.ways.length, machine) : [machine];
    const bmcs = waysOf(spec).map((way, at) => {
      const what =
        spec.kind === 'all' ? `outlet ${at + 1} of ${host}` : `bmc ${host}${index === 0 ? '' : ` (${index + 1})`}`;
      // The first has always drawn from this fork, so stories of one BMC stay as they were.
      const chance = random.fork(index === 0 && at === 0 ? `bmc ${host}` : `bmc ${host} ${index} ${at}`);
      return createBmc(
        what,
        { readingsApartMs: way.readingsApartMs, level: spec.level ?? 1 },
        scheduler,
        chance,
        model,
        powers[at]!,
      );
    });
    return { spec, bmcs };
  });
  const first = made[0]?.bmcs[0];
  if (!first) return null;
  return { first, of: (process) => made.map(({ spec, bmcs }) => oneOf(spec, bmcs, process)) };
}

function oneOf(spec: PowerSpec, bmcs: readonly Bmc[], process: Process): PowerSwitch {
  const ways = bmcs.map((bmc) => bmc.switchFor(process));
  return spec.kind === 'all' ? allSwitches(ways, spec.level ?? 1) : ways[0]!;
}
