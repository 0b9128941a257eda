/** How much faster than life a whole simulated cluster runs. */
import { allRunning, threeHosts, world } from '../test/sim/world.ts';
import { type Measurement, median } from './figures.ts';

const QUIET_MS = 30_000;
const ROUNDS = 3;

export const simulatedTime: Measurement = {
  name: 'simulated-time',
  async run() {
    const cluster = await world(threeHosts());
    await cluster.advance(20_000, () => allRunning(cluster));
    if (!allRunning(cluster)) throw new Error('the simulated cluster did not come up');
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      await cluster.advance(QUIET_MS);
      ratios.push(QUIET_MS / (performance.now() - began));
    }
    return [
      {
        name: 'simulated time against real time',
        value: median(ratios),
        unit: 'x',
        target: { atLeast: 2_000 },
        about: `sim/: 3 hosts, 4 guests, profile fast, the real voters, agents and controllers, nothing failing; ${QUIET_MS / 1_000} s at a time, median of ${ROUNDS}`,
      },
    ];
  },
};
