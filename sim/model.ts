/** How long things take in the invented data centre. docs/simulator.md says where each figure comes from. */
import type { Model } from './simulation.ts';

export const MODEL: Model = {
  hopMs: [0.2, 0.6],
  appendMs: [1, 4],
  streamElectionMs: [4_000, 9_000],
  libvirtCallMs: [4, 12],
  startMs: [60, 200],
  migrationMs: [800, 3_000],
  bmcOffMs: [60, 130],
  bmcStatusMs: [40, 80],
  hostBootMs: [20_000, 40_000],
  daemonRestartMs: [500, 900],
  installerBootMs: [4_000, 8_000],
  installMs: [20_000, 40_000],
};
