/** The largest cluster: does it run, how fast, and what does one controller need. */
import type { Measurement } from './figures.ts';
import { calmCluster } from './simulated-cluster.ts';

const SIZE = { hosts: 1_000, guests: 20_000 };
const QUIET_MS = 20_000;
const MIB = 1_048_576;

export const simulatedSize: Measurement = {
  name: 'simulated-size',
  async run() {
    const simulation = await calmCluster(SIZE, { seed: 1, foldOnce: true });
    const began = process.cpuUsage().user;
    await simulation.advance(QUIET_MS);
    const ratio = (QUIET_MS * 1_000) / (process.cpuUsage().user - began);
    const memory = process.memoryUsage().rss / MIB;
    const entries = simulation.entries().length;
    await simulation.stop();
    const about = `sim/: ${SIZE.hosts} hosts, ${SIZE.guests} guests, profile fast, nothing failing`;
    return [
      { name: 'large cluster against processor time', value: ratio, unit: 'x', target: { atLeast: 10 }, about },
      {
        name: 'memory of the whole simulated cluster',
        value: memory,
        unit: 'MiB',
        target: null,
        about: `${about}: ${SIZE.hosts} daemons in one process, ${entries} entries in the log`,
      },
    ];
  },
};
