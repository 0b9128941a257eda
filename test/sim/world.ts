import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { createSimulation } from '../../sim/create.ts';
import type { Simulation } from '../../sim/simulation.ts';

const definition = '<domain/>';
const guest = (prefers: string, more: object = {}) => ({
  definition,
  resources: { memoryMiB: 512, vcpus: 1 },
  prefers,
  ...more,
});

/** Three hosts, four guests: three on h1, one on h2; watchdogs and BMCs everywhere. */
export function threeHosts(more: object = {}): ClusterSpec {
  const power = [{ kind: 'ipmi', address: 'bmc', user: 'u', passwordFile: '/x', readingsApartMs: 100 }];
  const host = { capacity: { memoryMiB: 8_192, vcpus: 8 }, watchdog: { kind: 'process', socket: '/x' }, power };
  return specSchema.parse({
    cluster: 'sim',
    profile: 'fast',
    times: PROFILES.fast,
    voters: ['h1', 'h2', 'h3'],
    hosts: { h1: { ...host, address: 'h1' }, h2: { ...host, address: 'h2' }, h3: { ...host, address: 'h3' } },
    guests: { g1: guest('h1'), g2: guest('h1'), g3: guest('h1'), g4: guest('h2') },
    ...more,
  });
}

export interface World extends Simulation {
  /** Types and subjects of all entries so far, one line each. */
  story(): string[];
  powerOff(...hosts: string[]): void;
  powerOn(...hosts: string[]): void;
  errors: string[];
}

export async function world(spec: ClusterSpec, seed = 1): Promise<World> {
  const errors: string[] = [];
  const simulation = await createSimulation(spec, {
    seed,
    model: { hostBootMs: [0, 0] },
    say: (node) => ({
      info() {},
      warn: (what, about) => void (process.env.SIM_SAY && console.log(node, what, about ?? '')),
      error: (what, about) => {
        if (process.env.SIM_SAY) console.log(node, 'ERROR', what, about ?? '');
        errors.push(`${node}: ${what} ${JSON.stringify(about ?? {})}`);
      },
    }),
  });
  return {
    ...simulation,
    errors,
    powerOff: (...hosts) => {
      for (const node of hosts) simulation.inject({ kind: 'power-loss', node });
    },
    powerOn: (...hosts) => {
      for (const node of hosts) simulation.inject({ kind: 'power-on', node });
    },
    story: () =>
      simulation
        .entries()
        .map(({ seq, entry }) => `#${seq} ${entry.time.slice(17, 23)} ${entry.source} ${entry.type} ${entry.subject}`),
  };
}

export const allRunning = (w: World, guests = ['g1', 'g2', 'g3', 'g4']) =>
  guests.every((name) => w.writers(name).length === 1);
