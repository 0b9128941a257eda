/** The cluster of the check of the grants, and the log it begins with: both hosts have registered with the first leader. */
import type { Draft } from '../../machines/entries.ts';
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { GUEST, HOSTS } from './grant-leader.ts';

const spec = specSchema.parse({
  cluster: 'tiny',
  profile: 'fast',
  times: PROFILES.fast,
  voters: ['a1', 'a2', 'a3'],
  arbiters: { a1: { address: 'a1' }, a2: { address: 'a2' }, a3: { address: 'a3' } },
  hosts: Object.fromEntries(
    HOSTS.map((name) => [
      name,
      { address: name, capacity: { memoryMiB: 2_048, vcpus: 2 }, watchdog: { kind: 'process', socket: '/x' } },
    ]),
  ),
  guests: {
    [GUEST]: {
      definition: '<domain/>',
      resources: { memoryMiB: 512, vcpus: 1 },
      ladder: { inPlace: { tries: 9, backoffMs: 0 }, relocate: { tries: 9, backoffMs: 0 } },
    },
  },
});

export const BEGIN = [
  { type: 'leader.elected', subject: 'cluster', cause: 'observation', data: { node: 'c1' } },
  { type: 'cluster.configured', subject: 'cluster', cause: 'observation', data: { digest: '', spec } },
  ...HOSTS.map((host) => ({
    type: 'host.joined',
    subject: `host/${host}`,
    cause: 'observation',
    data: { incarnation: { bootId: 'boot-0', counter: 0 }, selfFencing: true, watchdog: '', instances: [] },
  })),
] as Draft[];
