/** What a person is told about the parts of a cluster file that machines are installed by. */
import { expect, test } from 'vitest';
import { parseClusterFile } from '../../adapters/config/cluster-file.ts';
import { RekindleError } from '../../services/errors.ts';

const KEY = 'UAUUPWDW4HPAVDJ6UIK7TBUJTBO7KLGUKNAWH6ARNKIXP76L2HQ5FR7C';
const GOOD = `\
cluster: lab
voters: [a1]
arbiters:
  a1: { address: 10.0.0.9 }
hostLadder: { reinstall: allowed }
provisioning:
  network: 10.0.0.0/24
  image: host
  imageKeys: { anna: ${KEY} }
hosts:
  h1:
    address: 10.0.0.1
    capacity: { memoryMiB: 4096, vcpus: 4 }
    power:
      - { kind: ipmi, address: 10.0.1.1, user: admin, passwordFile: /etc/rekindle/h1.password }
    machine:
      macs: ['52:54:00:00:00:01', '52:54:00:00:00:02']
      uuid: 77000000-0000-4000-8000-00000000000a
      disk: { serial: root-1 }
      dataDisks: [{ serial: data-1 }]
  h2:
    address: 10.0.0.2
    capacity: { memoryMiB: 4096, vcpus: 4 }
    power:
      - { kind: ipmi, address: 10.0.1.2, user: admin, passwordFile: /etc/rekindle/h2.password }
    machine:
      macs: ['52:54:00:00:00:03']
      uuid: 77000000-0000-4000-8000-00000000000b
      disk: { serial: root-2, wwn: '0x5000' }
`;

const parse = (text: string) => parseClusterFile(text, 'c.yaml', () => '');
const problemsOf = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof RekindleError) return String(error.about.problems);
    throw error;
  }
  return '';
};

test('a good file', () => {
  expect(parse(GOOD).spec.provisioning).toMatchObject({ port: 8474, atOnce: 1 });
  expect(parse(GOOD).warnings).toEqual([]);
});

test.each([
  [
    'a MAC of two hosts',
    GOOD.replace(':03', ':02'),
    "c.yaml:27:14 hosts.h2.machine.macs[0] is 52:54:00:00:00:02, as hosts.h1.machine.macs[1] is — name each machine's own network cards",
  ],
  [
    'a UUID of two hosts, written in another way',
    GOOD.replace('00000000000b', '00000000000A'),
    'c.yaml:28:13 hosts.h2.machine.uuid is 77000000-0000-4000-8000-00000000000a, as hosts.h1.machine.uuid is — give the UUID its own firmware tells, or leave it out',
  ],
  [
    'a disk that is to be kept and written',
    GOOD.replace('data-1', 'root-1'),
    'c.yaml:20:29 hosts.h1.machine.dataDisks[0].serial is root-1, as hosts.h1.machine.disk.serial is — a disk is either written or kept: name two different ones',
  ],
  [
    'nobody who may sign images',
    GOOD.replace(/imageKeys: .*/, 'imageKeys: {}'),
    'c.yaml:9:3 provisioning.imageKeys is empty, so no image would ever be taken — add NAME: U… of who signs your images',
  ],
  [
    'a seed in place of a key, which is not repeated',
    GOOD.replace(KEY, 'SUAAAA'),
    'c.yaml:9:22 provisioning.imageKeys.anna is not a public key — write the public nkey of who signs images, 56 characters beginning with U; the seed (SU…) stays with its owner',
  ],
  [
    'an address for booting that no machine can ask',
    GOOD.replace('{ address: 10.0.0.9 }', '{ address: 10.0.0.9, provisioningAddress: 10.0.8.9 }'),
    'c.yaml:4:49 arbiters.a1.provisioningAddress is 10.0.8.9, which is not in provisioning.network, 10.0.0.0/24 — give its address in that network, or leave it out',
  ],
  [
    'a MAC in capitals',
    GOOD.replace('00:03', 'AB:03'),
    'c.yaml:27:14 hosts.h2.machine.macs[0] is "52:54:00:00:AB:03" — write a MAC as 52:54:00:ab:cd:ef, in small letters',
  ],
])('%s', (_title, text, problem) => {
  expect(problemsOf(text)).toBe(problem);
});

test.each([
  [
    'no provisioning',
    GOOD.replace(/provisioning:\n( .*\n)*/, ''),
    ['hostLadder.reinstall, hosts.h1.machine, hosts.h2.machine: of no effect without provisioning'],
  ],
  [
    'a host without a machine',
    GOOD.replace(/ {4}machine:\n( {6}.*\n)*(?= {2}h2)/, ''),
    ['h1 has no machine, so it is never reinstalled'],
  ],
  [
    'a voter',
    GOOD.replace('voters: [a1]', 'voters: [h1]'),
    ['h1 is a voter: it is not reinstalled, for a voter must not forget what it has promised'],
  ],
  [
    'no switch that chooses what is booted',
    GOOD.replace(/\{ kind: ipmi, address: 10.0.1.1.*\}/, '{ kind: fence-agent, agent: fence_pdu }'),
    ['h1 has no power switch that can choose to boot from the network, so its reinstallation waits for a person'],
  ],
  [
    'nodes that machines will not find',
    GOOD.replace('10.0.0.0/24', '10.0.8.0/24'),
    [
      'no node has its address in 10.0.8.0/24: a machine knows no controller but the one that booted it, and images are not copied between nodes; give each node its provisioningAddress',
    ],
  ],
  [
    'not of nodes whose other address is there',
    GOOD.replace('10.0.0.0/24', '10.0.8.0/24').replace(
      '{ address: 10.0.0.9 }',
      '{ address: 10.0.0.9, provisioningAddress: 10.0.8.9 }',
    ),
    [],
  ],
  ['reinstallation not allowed', GOOD.replace('reinstall: allowed', 'reinstall: never').replace('[a1]', '[h1]'), []],
])('a person is warned: %s', (_title, text, warnings) => {
  expect(parse(text).warnings).toEqual(warnings);
});
