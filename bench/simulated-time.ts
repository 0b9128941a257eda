/** How much faster than life a whole simulated cluster runs. */
import { type Measurement, median } from './figures.ts';
import { calmCluster } from './simulated-cluster.ts';

const SIZE = { hosts: 8, guests: 40 };
/** Long beside the second in which the code is compiled: explorations run for hours. */
const QUIET_MS = 1_200_000;
const ROUNDS = 3;

export const simulatedTime: Measurement = {
  name: 'simulated-time',
  async run() {
    const simulation = await calmCluster(SIZE, { seed: 1 });
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // Processor time, not time on the wall: what else this machine does is no property of the simulator.
      const began = process.cpuUsage().user;
      await simulation.advance(QUIET_MS);
      ratios.push((QUIET_MS * 1_000) / (process.cpuUsage().user - began));
    }
    await simulation.stop();
    return [
      {
        name: 'simulated time against processor time',
        value: median(ratios),
        unit: 'x',
        target: { atLeast: 2_000 },
        about: `sim/: ${SIZE.hosts} hosts, ${SIZE.guests} guests, profile fast, the real voters, agents and controllers, nothing failing; ${QUIET_MS / 1_000} s at a time, median of ${ROUNDS}`,
      },
    ];
  },
};
