/** Where a node answers, and whom it knows there. */
import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { broadcastOf, placeIn, urlsOf } from '../../daemon/provisioning.ts';
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';

const capacity = { memoryMiB: 1, vcpus: 1 };
const interfaces = (addresses: Record<string, string[]>) =>
  Object.fromEntries(
    Object.entries(addresses).map(([name, those]) => [
      name,
      those.map((address) => ({ family: address.includes(':') ? 'IPv6' : 'IPv4', address }) as NetworkInterfaceInfo),
    ]),
  );

test.each([
  ['10.0.8.0/24', '10.0.8.7', '10.0.8.0', '255.255.255.0', '10.0.8.255'],
  ['10.0.8.77/24', '10.0.8.7', '10.0.8.0', '255.255.255.0', '10.0.8.255'],
  ['192.168.4.0/22', '192.168.7.1', '192.168.4.0', '255.255.252.0', '192.168.7.255'],
  ['10.0.0.0/8', '10.200.3.4', '10.0.0.0', '255.0.0.0', '10.255.255.255'],
])('in %s a node answers at its address %s', (network, address, base, netmask, broadcast) => {
  const found = placeIn(
    { network, port: 8474 },
    undefined,
    interfaces({ lo: ['127.0.0.1'], eth1: ['fe80::1', '172.16.0.1', address] }),
  );
  expect(found).toEqual({ interface: 'eth1', address, network: base, netmask, port: 8474 });
  expect(broadcastOf(network)).toBe(broadcast);
});

test('a node without an address there does not answer', () => {
  expect(
    placeIn({ network: '10.0.8.0/24', port: 1 }, undefined, interfaces({ eth0: ['10.0.9.7', 'fe80::1'] })),
  ).toBeNull();
});

test('of two addresses there, a node answers at the one that the cluster file tells machines', () => {
  const two = interfaces({ eth0: ['10.0.8.3'], eth1: ['10.0.8.4'] });
  const network = { network: '10.0.8.0/24', port: 1 };
  expect(placeIn(network, '10.0.8.4', two)).toMatchObject({ interface: 'eth1', address: '10.0.8.4' });
  expect(placeIn(network, '10.0.8.5', two)).toBeNull();
});

test('the controllers a machine may turn to: this one first, then those known to be in its network', () => {
  const spec = specSchema.parse({
    cluster: 'test',
    profile: 'standard',
    times: PROFILES.standard,
    voters: ['n1'],
    hosts: {
      n1: { address: '10.0.8.1', capacity },
      n2: { address: '10.0.8.2', capacity },
      n3: { address: 'n3.example', provisioningAddress: '10.0.8.3', capacity },
    },
    arbiters: { a1: { address: '10.0.9.9' } },
    provisioning: { network: '10.0.8.0/24', image: 'host', imageKeys: {} },
  });
  expect(urlsOf(spec, 'n2', '10.0.8.2')).toEqual([
    'http://10.0.8.2:8474',
    'http://10.0.8.1:8474',
    'http://10.0.8.3:8474',
  ]);
  expect(urlsOf(spec, 'a1', null)).toEqual(['http://10.0.8.1:8474', 'http://10.0.8.2:8474', 'http://10.0.8.3:8474']);
});
