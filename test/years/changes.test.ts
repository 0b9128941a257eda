import { expect, test } from 'vitest';
import { changesOf } from '../../sim/years/changes.ts';
import { cluster } from './cluster.ts';

const names = (spec: ReturnType<typeof cluster>) => changesOf(spec).map(({ name }) => name);

test('only what a cluster lacks is tried', () => {
  expect(names(cluster({}, { operators: { anna: `U${'A'.repeat(55)}` } }))).toEqual([
    'voters',
    'host',
    'capacity',
    'profile-standard',
  ]);
  const bare = cluster({ power: [], watchdog: { kind: 'none' } });
  bare.guests.g1!.probes = [];
  expect(names(bare)).toEqual([
    'bmc',
    'watchdog',
    'voters',
    'host',
    'capacity',
    'profile-standard',
    'probes',
    'operator',
  ]);
});

test('each change is a whole cluster, and changes that one thing', () => {
  const spec = cluster({ power: [] });
  for (const change of changesOf(spec)) {
    const { power, watchdog } = change.spec.hosts.h1!;
    expect(power.length, change.name).toBe(change.name === 'bmc' ? 1 : 0);
    expect(watchdog, change.name).toEqual(spec.hosts.h1!.watchdog);
    expect(change.spec.voters.length % 2, change.name).toBe(1);
    const nodes = [...Object.keys(change.spec.hosts), ...Object.keys(change.spec.arbiters)];
    expect(nodes, change.name).toEqual(expect.arrayContaining(change.spec.voters));
  }
});
