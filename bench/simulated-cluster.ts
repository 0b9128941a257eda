/** Clusters for measurements in virtual time: all hosts alike, three of them voters, guests spread evenly. */
import { type ClusterSpec, specSchema } from '../machines/spec.ts';
import { PROFILES, type ProfileName } from '../machines/times.ts';
import { createSimulation } from '../sim/create.ts';
import type { Simulation, SimulationOptions } from '../sim/simulation.ts';

export interface Size {
  readonly hosts: number;
  readonly guests: number;
  readonly bmc?: boolean;
  readonly profile?: ProfileName;
}

export function simulatedSpec({ hosts, guests, bmc = true, profile = 'fast' }: Size): ClusterSpec {
  const names = Array.from({ length: hosts }, (_, i) => `h${i + 1}`);
  const bmcs = [{ kind: 'ipmi', address: 'bmc', user: 'rekindle', passwordFile: '/x', readingsApartMs: 200 }];
  return specSchema.parse({
    cluster: 'bench',
    profile,
    times: PROFILES[profile],
    voters: names.slice(0, 3),
    hosts: Object.fromEntries(
      names.map((name) => [
        name,
        {
          address: name,
          capacity: { memoryMiB: 512 * Math.ceil((2 * guests) / hosts), vcpus: Math.ceil((2 * guests) / hosts) },
          watchdog: { kind: 'process', socket: '/x' },
          power: bmc ? bmcs : [],
        },
      ]),
    ),
    guests: Object.fromEntries(
      Array.from({ length: guests }, (_, i) => [
        `g${i + 1}`,
        { definition: '<domain/>', resources: { memoryMiB: 512, vcpus: 1 }, prefers: names[i % hosts] },
      ]),
    ),
  });
}

/** For each guest a grant and a start are appended one after the other, which takes some milliseconds each. */
const UP_MS = { atLeast: 120_000, perGuest: 15 };

/** Up, with every guest running and nothing left to do. Throws when that takes unreasonably long. */
export async function calmCluster(size: Size, options: SimulationOptions): Promise<Simulation> {
  const simulation = await createSimulation(simulatedSpec(size), options);
  const { guests } = simulation.spec;
  const running = new Set<string>();
  const ignore = simulation.observe((event) => {
    if (event.kind !== 'writer') return;
    if (event.on) running.add(event.guest);
    else running.delete(event.guest);
  });
  const wanted = Object.keys(guests).length;
  const allRun = () => running.size === wanted;
  await simulation.advance(Math.max(UP_MS.atLeast, UP_MS.perGuest * wanted), allRun);
  ignore();
  if (!allRun()) throw new Error('the simulated cluster did not come up');
  await simulation.advance(10_000);
  return simulation;
}
