/**
 * Makes shop.jsonl, the log that the tests of this folder and docs/replay.md use: `node test/replay/make-log.ts >
 * test/replay/shop.jsonl`. The faults are FAULTS, so a test can compare what a log tells with what really happened.
 */
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { createSimulation } from '../../sim/create.ts';
import type { Fault, TimedFault } from '../../sim/faults.ts';
import type { Model } from '../../sim/simulation.ts';

export const FAULTS: readonly TimedFault[] = [
  { atMs: 60_000, fault: { kind: 'power-loss', node: 'h1' } },
  { atMs: 180_000, fault: { kind: 'kill-guest', guest: 'mail' } },
  { atMs: 240_000, fault: { kind: 'bmc', node: 'h2', mode: 'dead', forMs: 60_000 } },
  { atMs: 240_000, fault: { kind: 'isolate', node: 'h2', forMs: 30_000 } },
];
export const MODEL: Partial<Model> = { startMs: [350, 500], hostBootMs: [18_000, 22_000] };
const END_MS = 300_000;

const host = (name: string) => ({
  address: name,
  capacity: { memoryMiB: 8_192, vcpus: 8 },
  watchdog: { kind: 'process', socket: '/run/watchdog' },
  power: [
    { kind: 'ipmi', address: `${name}-bmc`, user: 'rekindle', passwordFile: '/etc/rekindle/bmc', readingsApartMs: 200 },
  ],
});
const guest = (prefers: string, more: object = {}) => ({
  definition: '<domain/>',
  resources: { memoryMiB: 512, vcpus: 1 },
  prefers,
  ...more,
});

export const shop = specSchema.parse({
  cluster: 'shop',
  profile: 'fast',
  times: PROFILES.fast,
  voters: ['h1', 'h2', 'h3'],
  hosts: { h1: host('h1'), h2: host('h2'), h3: host('h3') },
  guests: { web: guest('h1'), db: guest('h1', { priority: 500 }), mail: guest('h2'), ci: guest('h3') },
});

/** Lines of the log of a cluster that these faults befell. */
export async function logOf(faults: readonly TimedFault[], endMs: number, seed = 4711): Promise<string[]> {
  const simulation = await createSimulation(shop, { seed, model: MODEL });
  const until = async (atMs: number) => simulation.advance(atMs - simulation.now());
  const inject = (fault: Fault) => simulation.inject(fault);
  for (const { atMs, fault } of faults) {
    await until(atMs);
    inject(fault);
  }
  await until(endMs);
  const lines = simulation.entries().map((stored) => JSON.stringify(stored));
  await simulation.stop();
  return lines;
}

if (import.meta.main) for (const line of await logOf(FAULTS, END_MS)) console.log(line);
