import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import type { Incident, Story } from '../../sim/years/incidents.ts';
import type { KindName } from '../../sim/years/rates.ts';

/** Three hosts with room for everything on any two, two guests on each. */
export function cluster(host: object = {}, more: object = {}): ClusterSpec {
  const names = ['h1', 'h2', 'h3'];
  const hosts = names.map((name) => [
    name,
    {
      address: name,
      capacity: { memoryMiB: 4_096, vcpus: 16 },
      watchdog: { kind: 'device' },
      power: [{ kind: 'ipmi', address: `bmc-${name}`, user: 'u', passwordFile: '/x' }],
      ...host,
    },
  ]);
  const guests = ['g1', 'g2', 'g3', 'g4', 'g5', 'g6'].map((name, i) => [
    name,
    {
      definition: '<domain/>',
      resources: { memoryMiB: 512, vcpus: 1 },
      prefers: names[i % 3],
      probes: [{ kind: 'agent' }],
    },
  ]);
  return specSchema.parse({
    cluster: 'years',
    profile: 'fast',
    times: PROFILES.fast,
    voters: names,
    hosts: Object.fromEntries(hosts),
    guests: Object.fromEntries(guests),
    ...more,
  });
}

export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export function story(
  ...incidents: (readonly [kind: KindName, subject: string, atMs?: number, lastsMs?: number])[]
): Story {
  const parsed = incidents.map(
    ([kind, subject, atMs = 0, lastsMs = 0]): Incident => ({ kind, subject, atMs, lastsMs, degree: 0.5 }),
  );
  return { seed: '7.1', atMs: 0, incidents: parsed };
}
