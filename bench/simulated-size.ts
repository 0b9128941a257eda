/** The largest cluster: does it run, how fast, and what does one controller need. */
import { createSimulation } from '../sim/create.ts';
import type { Figure, Measurement } from './figures.ts';
import { simulatedSpec } from './simulated-cluster.ts';

const SIZE = { hosts: 1_000, guests: 20_000 };
/** Elected, surveyed, and nothing left to do. */
const AT_REST_MS = 30_000;
const MEASURED_MS = 20_000;
const MIB = 1_048_576;

export const simulatedSize: Measurement = {
  name: 'simulated-size',
  async run() {
    return [...(await measure('fast')), ...(await measure('standard'))];
  },
};

async function measure(profile: 'fast' | 'standard'): Promise<Figure[]> {
  const spec = simulatedSpec({ ...SIZE, profile });
  const simulation = await createSimulation(spec, { seed: 1, foldOnce: true, settled: true });
  await simulation.advance(AT_REST_MS);
  const ratio = async () => {
    const began = process.cpuUsage().user;
    await simulation.advance(MEASURED_MS);
    return (MEASURED_MS * 1_000) / (process.cpuUsage().user - began);
  };
  const quiet = await ratio();
  const lost = spec.voters.includes('h7') ? 'h8' : 'h7';
  simulation.inject({ kind: 'power-loss', node: lost });
  const recovering = await ratio();
  const guests = Object.values(simulation.leader()?.controller()?.fleet().guests ?? {});
  const down = guests.filter(({ state }) => state !== 'running').length;
  if (guests.length !== SIZE.guests || down > 0) throw new Error(`${down} guests of ${guests.length} are down`);
  const memory = process.memoryUsage().rss / MIB;
  await simulation.stop();
  const about = `sim/: ${SIZE.hosts} hosts, ${SIZE.guests} guests, profile ${profile}, one core`;
  return [
    {
      name: `large cluster, ${profile}, nothing failing`,
      value: quiet,
      unit: 'x',
      target: { atLeast: 10 },
      about: `${about}; processor time`,
    },
    {
      name: `large cluster, ${profile}, one host lost`,
      value: recovering,
      unit: 'x',
      target: { atLeast: 10 },
      about: `${about}; processor time, its ${SIZE.guests / SIZE.hosts} guests running elsewhere at the end`,
    },
    {
      name: `memory of the simulated cluster, ${profile}`,
      value: memory,
      unit: 'MiB',
      target: null,
      about: `${about}: ${SIZE.hosts} daemons in one process, which share what they hold alike`,
    },
  ];
}
