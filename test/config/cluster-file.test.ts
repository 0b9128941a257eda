/** What a person is told about a cluster file: exact words, exact places. */
import { expect, test } from 'vitest';
import { parseClusterFile } from '../../adapters/config/cluster-file.ts';
import { failure, RekindleError } from '../../services/errors.ts';

const GOOD = `\
cluster: lab
profile: fast
hosts:
  h1: { address: 10.0.0.1, capacity: { memoryMiB: 4096, vcpus: 4 }, storage: [images] }
  h2: { address: 10.0.0.2, capacity: { memoryMiB: 4096, vcpus: 4 }, storage: [images] }
  h3:
    address: 10.0.0.3
    capacity: { memoryMiB: 4096, vcpus: 4 }
    storage: [images]
    power:
      - { kind: ipmi, address: 10.0.1.3, user: admin, passwordFile: /etc/rekindle/h3.password }
guests:
  g1:
    definition: g1.xml
    resources: { memoryMiB: 512, vcpus: 1 }
    storage: [images]
`;

const QEMU = 'http://libvirt.org/schemas/domain/qemu/1.0';
const xml = (name: string) => `<domain type='kvm'><name>${name}</name></domain>`;
const parse = (text: string) =>
  parseClusterFile(text, 'c.yaml', (path) => {
    if (path === 'injected.xml') return xml('g1').replace('</name>', `</name><q:commandline xmlns:q="${QEMU}"/>`);
    if (/^[gh]\d/.test(path)) return xml(path.replace('.xml', ''));
    throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  });

const invalid = (reason: string) => {
  const { message, todo } = failure('DEFINITION_INVALID', { guest: 'g1', reason });
  return `${message} — ${todo}`;
};

function problemsOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof RekindleError) return String(error.about.problems).split('\n');
    throw error;
  }
  return [];
}

test('a good file becomes a spec with the profile, voters and defaults filled in and definitions inlined', () => {
  const { spec, warnings } = parse(GOOD);
  expect(spec.times).toMatchObject({ heartbeatMs: 250, leaseMs: 5_000 });
  expect(spec.voters).toEqual(['h1', 'h2', 'h3']);
  expect(spec.guests.g1).toMatchObject({ definition: xml('g1'), priority: 100, desired: 'running' });
  expect(warnings).toEqual([
    'h1 has neither power control nor a watchdog: if it falls silent, its guests wait for "rekindle confirm-off h1"',
    'h2 has neither power control nor a watchdog: if it falls silent, its guests wait for "rekindle confirm-off h2"',
  ]);
});

test('a spare is no voter, and can be switched on', () => {
  const spare = GOOD.replace('  h3:\n', '  h3:\n    spare: true\n');
  const h4 = '  h4: { address: 10.0.0.4, capacity: { memoryMiB: 4096, vcpus: 4 } }\nguests:\n';
  const { spec } = parse(spare.replace('guests:\n', h4));
  expect(spec.voters).toEqual(['h1', 'h2', 'h4']);
  expect(spec.hosts.h3!.spare).toBe(true);
  expect(problemsOf(spare)).toEqual([
    'c.yaml:3:1 2 nodes cannot all be voters — add an arbiter: two nodes cannot outvote each other',
  ]);
  expect(problemsOf(`${spare}voters: [h1, h2, h3]\n`)).toEqual([
    'c.yaml:18:18 voter "h3" is a spare, and a spare is mostly off — name another voter, or take "spare" out of hosts.h3',
  ]);
  expect(problemsOf(spare.replace('guests:\n', h4).replace(/ {4}power:\n.*\n/, ''))).toEqual([
    'c.yaml:7:5 h3 is a spare without a power switch — add power: that is how it is switched on when it is needed',
  ]);
});

test('the digest follows the meaning of the file and not its layout', () => {
  const { digest } = parse(GOOD);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  const reordered = GOOD.replace('cluster: lab\nprofile: fast\n', '# a comment\nprofile: fast\ncluster: lab\n');
  expect(parse(reordered).digest).toBe(digest);
  expect(parse(GOOD.replace('vcpus: 1', 'vcpus: 2')).digest).not.toBe(digest);
});

test('two hosts and an arbiter make three voters', () => {
  const twoHosts = GOOD.replace(/ {2}h3:[\s\S]*(?=guests:)/, 'arbiters:\n  a1: { address: 10.0.0.9 }\n');
  expect(parse(twoHosts).spec.voters).toEqual(['a1', 'h1', 'h2']);
});

test('a guest may be named like a host', () => {
  expect(problemsOf(GOOD.replace('  g1:', '  h1:').replace('g1.xml', 'h1.xml'))).toEqual([]);
});

const table: [title: string, text: string, problems: string[]][] = [
  [
    'unknown key with a near one',
    GOOD.replace('    address: 10.0.0.3', '    adress: 10.0.0.3'),
    [
      'c.yaml:6:3 "address" is missing in hosts.h3 — add a text',
      'c.yaml:7:5 unknown key "adress" in hosts.h3 — did you mean "address"?',
    ],
  ],
  [
    'unknown key with none near',
    `${GOOD}colour: red\n`,
    [
      'c.yaml:17:1 unknown key "colour" — known here: cluster, profile, times, voters, hosts, arbiters, guests, hostLadder, provisioning, operators',
    ],
  ],
  [
    'password in the file',
    GOOD.replace('passwordFile: /etc/rekindle/h3.password', 'password: hunter2'),
    [
      'c.yaml:11:9 "passwordFile" is missing in hosts.h3.power[0] — add a text',
      'c.yaml:11:55 "password" in hosts.h3.power[0] would put a secret into the log, which everyone may read — write it to a file only root can read and name that file with passwordFile',
    ],
  ],
  [
    'password among the parameters of a fence agent',
    GOOD.replace(
      /- \{ kind: ipmi.*\}/,
      '- { kind: fence-agent, agent: fence_apc, parameters: { ip: a, passwd: hunter2 } }',
    ),
    [
      'c.yaml:11:69 "passwd" in hosts.h3.power[0].parameters would put a secret into the log, which everyone may read — write it to a file only root can read and name that file with secretFiles',
    ],
  ],
  [
    'fence agent by a path of its own',
    GOOD.replace(/- \{ kind: ipmi.*\}/, '- { kind: fence-agent, agent: ../../bin/sh }'),
    ['c.yaml:11:37 hosts.h3.power[0].agent is "../../bin/sh" — name a fence agent of Debian: fence_…'],
  ],
  [
    'impossible times',
    `${GOOD}times: { watchdogMs: 4500 }\n`,
    [
      'c.yaml:17:1 leaseMs 5000 is too short: 4950 ms of lease cannot hold a watchdog of 4500 ms, 250 ms of slack and three heartbeats of 250 ms (needs 5500 ms) — change it, or take times out: profile fast holds',
      'c.yaml:17:1 suspectMs 1000 is too long: with a watchdog of 4500 ms and 250 ms of slack it makes 5750 ms, more than the 4950 ms of a lease: a pet given while guests were paused could outlast it — change it, or take times out: profile fast holds',
    ],
  ],
  [
    'host named twice',
    GOOD.replace('  h2:', '  h1:'),
    [
      'c.yaml:5:3 "h1" is there twice — keep one, or rename one',
      'c.yaml:3:1 2 nodes cannot all be voters — add an arbiter: two nodes cannot outvote each other',
    ].sort((a, b) => a.localeCompare(b)),
  ],
  [
    'host that is an arbiter as well',
    `${GOOD}arbiters: { h1: { address: 10.0.0.7 }, a1: { address: 10.0.0.8 } }\n`,
    ['c.yaml:17:13 h1 is a host and an arbiter — name the arbiter otherwise: it runs no guests'],
  ],
  [
    'dangling references',
    `${GOOD}    prefers: h4\n    hosts: [nowhere]\n    apart: [g2]\nvoters: [h1, h2, h33]\n`,
    [
      'c.yaml:17:14 g1 names "h4", which is no host — did you mean "h1"?',
      'c.yaml:18:13 g1 names "nowhere", which is no host — use h1, h2 or h3',
      'c.yaml:19:13 g1 names "g2", which is no guest — did you mean "g1"?',
      'c.yaml:20:18 voter "h33" is no host and no arbiter — did you mean "h3"?',
    ],
  ],
  [
    'a guest that contradicts itself',
    `${GOOD}    prefers: h3\n    hosts: [h1]\n    together: [g1]\n`,
    [
      'c.yaml:17:14 g1 prefers h3, which is not among its hosts — add it to hosts, or prefer h1',
      'c.yaml:19:16 g1 names itself under together — take it out',
    ],
  ],
  [
    'guests that share a host by way of others, and are to be kept apart',
    `${GOOD}    together: [g2]
  g2: { definition: g2.xml, resources: { memoryMiB: 1, vcpus: 1 } }
  g3: { definition: g3.xml, resources: { memoryMiB: 1, vcpus: 1 }, together: [g2], apart: [g4, g1] }
  g4: { definition: g4.xml, resources: { memoryMiB: 1, vcpus: 1 }, apart: [g3] }
`,
    [
      'c.yaml:19:96 g3 is to be kept apart from g1, and must share a host with it: g3 with g2, g2 with g1 — take this out, or one of those from together',
    ],
  ],
  [
    'storage that no host has',
    GOOD.replace(/storage: \[images\]\n$/, 'storage: [imges]\n'),
    ['c.yaml:16:15 g1 names "imges", which is no storage of any host — did you mean "images"?'],
  ],
  [
    'guest too large for every host',
    GOOD.replace('memoryMiB: 512', 'memoryMiB: 8192'),
    [
      'c.yaml:13:3 no host can ever run g1: h1 has 4096 MiB, it needs 8192; h2 has 4096 MiB, it needs 8192; h3 has 4096 MiB, it needs 8192 — give it less, or a host more',
    ],
  ],
  [
    'guest name with shell characters',
    GOOD.replace('  g1:', '  "g1; reboot":'),
    [
      'c.yaml:13:3 "g1; reboot" cannot be the name of a guest — use 1 to 40 of a-z, 0-9 and "-", not starting or ending with "-"',
    ],
  ],
  [
    'definition that is not there',
    GOOD.replace('g1.xml', 'missing.xml'),
    [
      'c.yaml:14:17 cannot read missing.xml: there is no such file — name the libvirt XML file of this guest, relative to the cluster file',
    ],
  ],
  [
    'definition of another guest',
    GOOD.replace('g1.xml', 'g2.xml'),
    [`c.yaml:14:17 g2.xml: ${invalid('its <name> is "g2"')}`],
  ],
  [
    'definition that reaches past libvirt',
    GOOD.replace('g1.xml', 'injected.xml'),
    [
      `c.yaml:14:17 injected.xml: ${invalid("<q:commandline> is not part of libvirt's own domain format; only <metadata> may hold other namespaces")}`,
    ],
  ],
  [
    'wrong kinds of value',
    GOOD.replace('profile: fast', 'profile: fats')
      .replace('vcpus: 1 }', 'vcpus: lots }')
      .replace('kind: ipmi', 'kind: impi'),
    [
      'c.yaml:2:10 profile is "fats" — did you mean fast?',
      'c.yaml:11:17 hosts.h3.power[0].kind is "impi" — did you mean ipmi?',
      'c.yaml:15:41 guests.g1.resources.vcpus is a text — write a number',
    ],
  ],
  [
    'two hosts with one BMC and one address',
    GOOD.replace('10.0.0.2', '10.0.0.1').replace(
      'storage: [images] }\n  h3',
      'storage: [images], power: [{ kind: ipmi, address: 10.0.1.3, user: a, passwordFile: x }] }\n  h3',
    ),
    [
      'c.yaml:5:18 hosts.h2.address is 10.0.0.1, as hosts.h1.address is — give every node its own address',
      'c.yaml:5:152 hosts.h2.power[0].passwordFile is not an absolute path — begin it with /',
      "c.yaml:11:9 hosts.h3.power[0] is 10.0.1.3 port 623, as hosts.h2.power[0] is — name each host's own BMC",
    ],
  ],
  [
    'a level within what is switched together',
    GOOD.replace(
      'storage: [images] }\n  h3',
      'storage: [images], power: [{ kind: all, ways: [{ kind: ipmi, address: 10.0.1.3, user: a, passwordFile: x }, { kind: fence-agent, level: 2, agent: fence_apc }] }] }\n  h3',
    ),
    ['c.yaml:5:115 hosts.h2.power[0].ways is not right — give the level to the whole, not to one of its ways'],
  ],
  [
    "another host's BMC among what is switched together",
    GOOD.replace(
      'storage: [images] }\n  h3',
      'storage: [images], power: [{ kind: all, ways: [{ kind: ipmi, address: 10.0.1.3, user: a, passwordFile: x }, { kind: fence-agent, agent: fence_apc, parameters: { passwd: x } }] }] }\n  h3',
    ),
    [
      'c.yaml:5:172 hosts.h2.power[0].ways[0].passwordFile is not an absolute path — begin it with /',
      'c.yaml:5:230 "passwd" in hosts.h2.power[0].ways[1].parameters would put a secret into the log, which everyone may read — write it to a file only root can read and name that file with secretFiles',
      "c.yaml:11:9 hosts.h3.power[0] is 10.0.1.3 port 623, as hosts.h2.power[0].ways[0] is — name each host's own BMC",
    ],
  ],
  [
    'four nodes without voters',
    `${GOOD}arbiters: { a1: { address: 10.0.0.8 } }\n`,
    ['c.yaml:3:1 4 nodes cannot all be voters — name 1, 3 or 5 nodes with voters: [a1, h1, h2]'],
  ],
  [
    "an operator's secret seed instead of the public key",
    `${GOOD}operators: { anna: SUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA }\n`,
    [
      "c.yaml:17:20 operators.anna is not a public key — write the operator's public nkey, 56 characters beginning with U; the seed (SU…) stays with its owner",
    ],
  ],
  [
    'not YAML',
    'cluster: [lab\nhosts: {}\n',
    [
      'c.yaml:2:1 not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] — correct the syntax',
    ],
  ],
  ['tab', 'cluster: lab\nhosts:\n\th1: {}\n', ['c.yaml:3:1 a tab indents this line — indent with spaces']],
  ['empty', '', ['c.yaml:1:1 the file is empty — start from the example in docs/cluster-file.md']],
];

test.each(table)('%s', (_title, text, problems) => {
  expect(problemsOf(text)).toEqual(problems);
});

test('everything wrong is told at once, and no secret is repeated', () => {
  const text = GOOD.replace('profile: fast', 'profle: fast')
    .replace('passwordFile: /etc/rekindle/h3.password', 'password: hunter2')
    .replace('  g1:', '  g$1:');
  const problems = problemsOf(text);
  expect(problems).toHaveLength(4);
  expect(problems.join()).not.toContain('hunter2');
});

test('a guest that may be rebuilt says from what, and names a disk of its definition', () => {
  const more = (text: string) => `${GOOD}${text}`;
  const problems = (text: string) => {
    try {
      parse(text);
    } catch (error) {
      return (error as { about?: { problems?: string } }).about?.problems?.trim();
    }
    return '';
  };
  expect(problems(more('    ladder: { reinstall: allowed }\n'))).toMatch(
    /g1 may be reinstalled, and nothing says from what — add guests\.g1\.rebuild with the disk and the image it is made from$/,
  );
  const rebuild = (disk: string) => more(`    rebuild: { disk: ${disk}, from: /images/golden.qcow2 }\n`);
  expect(problems(rebuild('/images/g1.qcow2'))).toMatch(/g1\.xml has no disk \/images\/g1\.qcow2 — /);
  expect(problems(rebuild('/dev/vg/g1'))).toMatch(/write the absolute path of a file$/);

  const keys = (text: string) => problems(more(`    rebuild: { disk: /images/g1.qcow2, ${text} }\n`));
  expect(keys('format: raw')).toMatch(/does not say what g1 is made anew from — add from: an image, or network: true/);
  expect(keys('from: /images/a, network: true')).toMatch(
    /both from an image and from the network — keep one of from and network/,
  );
  expect(keys('from: /images/a, timeoutMs: 60000')).toMatch(/timeoutMs says nothing without network — leave it out/);
  expect(keys(`network: true, sha256: ${'a'.repeat(64)}`)).toMatch(/sha256 says nothing without from/);
  expect(keys('network: true')).toMatch(/g1\.xml.* it has no <interface> to boot from/);
});
