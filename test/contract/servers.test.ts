/** Whom a node is connected to: the simulator must lose the same connections with a node as the daemon does. */
import { expect, test } from 'vitest';
import { serversFor } from '../../adapters/nats/server-config.ts';
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { serversOf } from '../../sim/links.ts';

test.each([
  { hosts: ['h1', 'h2', 'h3'], arbiters: [], voters: ['h1', 'h2', 'h3'] },
  { hosts: ['h2', 'h10', 'h1', 'h3', 'h4'], arbiters: [], voters: ['h3', 'h1', 'h10'] },
  { hosts: ['h1', 'h2'], arbiters: ['a1'], voters: ['h2', 'a1', 'h1'] },
  { hosts: ['h1', 'h2', 'h3'], arbiters: [], voters: ['h2'] },
  { hosts: ['h1'], arbiters: [], voters: ['h1'] },
])('simulated nodes $hosts $arbiters with voters $voters take the servers that the daemon takes', (layout) => {
  const { hosts, arbiters, voters } = layout;
  const host = (name: string) => ({ address: name, capacity: { memoryMiB: 1, vcpus: 1 } });
  const spec = specSchema.parse({
    cluster: 'test',
    profile: 'fast',
    times: PROFILES.fast,
    voters,
    hosts: Object.fromEntries(hosts.map((name) => [name, host(name)])),
    arbiters: Object.fromEntries(arbiters.map((name) => [name, { address: name }])),
    guests: {},
  });
  const nodes = [...hosts, ...arbiters];
  expect(Object.fromEntries(serversOf(nodes, voters))).toEqual(
    Object.fromEntries(nodes.map((node) => [node, serversFor(spec, node).map((server) => server.node)])),
  );
});
