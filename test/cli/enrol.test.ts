/** Goal: a newly installed host becomes a node by itself, over any loss of power, and gives no secret away. Real openssl, a leader made up here. */
import { generateKeyPairSync, type KeyObject, verify as verifyRaw } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { portableClusterFile } from '../../adapters/config/portable.ts';
import { createClusterKeys } from '../../adapters/keys/create.ts';
import { withEnrolled } from '../../adapters/keys/enrolled.ts';
import { createEnrolment } from '../../adapters/keys/enrolment.ts';
import type { Identities } from '../../adapters/keys/identities.ts';
import { loadNodeKeys } from '../../adapters/keys/load.ts';
import { signerFrom } from '../../adapters/keys/sign.ts';
import { openAgentMemory } from '../../adapters/sqlite/agent-memory.ts';
import { rekindle } from '../../cli/rekindle.ts';
import { takeUpLife } from '../../services/agent/life.ts';
import { answerTo, type InstallAnswer, installRequestSchema } from '../../services/provisioning.ts';
import { recorder } from './terminal.ts';

const made = mkdtempSync(join(tmpdir(), 'rekindle-made-'));
let identities: Identities;
beforeAll(async () => {
  const at = (n: number) => ({ address: `10.0.0.${n}` });
  const nodes = { h1: at(1), h2: at(2), h3: at(3), h4: at(4) };
  identities = await createClusterKeys({
    cluster: 'lab',
    nodes,
    voters: ['h1', 'h2', 'h3'],
    out: join(made, 'keys'),
  });
  const hosts = Object.entries(nodes).map(
    ([name, { address }]) => `  ${name}: { address: ${address}, capacity: { memoryMiB: 4096, vcpus: 4 } }\n`,
  );
  writeFileSync(join(made, 'g1.xml'), "<domain type='qemu'><name>g1</name></domain>");
  writeFileSync(
    join(made, 'cluster.yaml'),
    `cluster: lab\nvoters: [h1, h2, h3]\nhosts:\n${hosts.join('')}guests:\n  g1: { definition: g1.xml, resources: { memoryMiB: 512, vcpus: 1 } }\n`,
  );
  return () => rmSync(made, { recursive: true });
});

/** The machine: nothing but what the installer left. */
let machine: string;
let installer: { publicKey: KeyObject; pem: string };
/** What the leader does with an enrolment, and all that came over the wire. */
let leader: (body: string) => Promise<InstallAnswer | null>;
let asked: { body: string; genuine: boolean }[];
let signedBy: string;
/** Null: the request. */
let answersTo: string | null;
let server: Server;
let commandLines: Set<string>;

beforeEach(async () => {
  machine = mkdtempSync(join(tmpdir(), 'rekindle-machine-'));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  installer = { publicKey, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
  asked = [];
  commandLines = new Set();
  signedBy = 'h1';
  answersTo = null;
  leader = enrols;
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      const body = Buffer.concat(parts).toString();
      const signature = Buffer.from(String(request.headers['rekindle-signature']), 'base64');
      asked.push({ body, genuine: verifyRaw(null, Buffer.from(body), installer.publicKey, signature) });
      const answer = await leader(body);
      if (!answer) return request.socket.destroy();
      const text = JSON.stringify(answer);
      const signer = signerFrom(join(made, 'keys', signedBy, 'keys', 'node.nk'));
      const word = Buffer.from(signer.sign(answerTo(answersTo ?? body, text)), 'base64url').toString('base64');
      response.setHeader('rekindle-signature', `h1 ${word}`).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  rmSync(machine, { recursive: true });
});

const clusterFile = () => join(made, 'cluster.yaml');
async function enrols(body: string): Promise<InstallAnswer> {
  const request = installRequestSchema.parse(JSON.parse(body));
  if (request.kind !== 'enrol') throw new Error('not an enrolment');
  const { spec, digest } = readClusterFile(clusterFile());
  const enrolment = createEnrolment({
    node: 'h1',
    state: join(made, 'keys', 'h1'),
    spec,
    identities: () => withEnrolled(identities, { h4: request.keys }),
    clusterFiles: () => portableClusterFile(clusterFile(), digest),
  });
  const answer = await enrolment.certify('h4', request.request);
  if (answer.kind === 'failed') return { kind: 'refused', reason: answer.reason, stop: false };
  return { kind: 'enrolled', certificate: answer.certificate, files: { ...enrolment.files() }, counter: 6 };
}

const state = () => join(machine, 'state');
const etc = () => join(machine, 'etc');
const left = () => join(machine, 'partition');
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
function leave(more: object = {}): void {
  const nodeKeys = Object.fromEntries(Object.entries(identities.nodes).map(([node, keys]) => [node, keys.node]));
  const of = { cluster: 'lab', host: 'h4', job: '3.17', attempt: 1, image: 'a'.repeat(64), urls: [url()] };
  const ticket = JSON.stringify({ ...of, nodeKeys, key: installer.pem, ...more });
  writeFileSync(left(), Buffer.concat([Buffer.from(ticket), Buffer.alloc(8_192)]), { mode: 0o600 });
}
async function enrol(...more: string[]) {
  const terminal = recorder();
  const code = await rekindle(
    ['--state', state(), '--cluster', join(etc(), 'cluster.yaml'), 'enrol', '--from', left(), ...more],
    terminal,
  );
  return { code, out: terminal.said.join('\n'), err: terminal.complained.join('\n') };
}
const publicKeys = () => {
  const { nodes } = loadNodeKeys(state()).identities;
  return nodes.h4!;
};

test('a machine that has nothing but what the installer left becomes the node it is meant to be', async () => {
  leave();
  const { code, out } = await enrol('--wipe');
  expect([code, out]).toEqual([0, 'h4 is enrolled in cluster lab, by way of h1']);
  expect(asked).toHaveLength(1);
  expect(asked[0]!.genuine).toBe(true);
  expect(publicKeys()).not.toEqual(identities.nodes.h4);
  expect(signerFrom(loadNodeKeys(state()).seeds.node).publicKey).toBe(publicKeys().node);
  expect(readClusterFile(join(etc(), 'cluster.yaml')).digest).toBe(readClusterFile(clusterFile()).digest);
  expect(readFileSync(join(etc(), 'node'), 'utf8')).toBe('REKINDLE_NODE=h4\n');
  const memory = openAgentMemory(join(state(), 'agent.sqlite'));
  // Above every life this host ever had, though it remembers none.
  expect(takeUpLife(memory, 'boot-1').counter).toBe(7);
  memory.close();
  expect(existsSync(left())).toBe(false);
  expect(readdirSync(join(state(), 'keys')).filter((file) => /new|enrol/.test(file))).toEqual([]);
});

test('what the installer left stays until it is to be wiped; asked again with an emptied partition there is nothing to do', async () => {
  leave();
  await enrol();
  expect(readFileSync(left(), 'utf8')).toContain('PRIVATE KEY');
  expect((await enrol('--wipe')).code).toBe(0);
  writeFileSync(left(), Buffer.alloc(8_192));
  expect(await enrol('--wipe')).toMatchObject({ code: 0, out: 'This host was enrolled before; nothing to do' });
});

test('what the installer left may be in a tar archive, as it is on the partition', async () => {
  leave();
  const bare = readFileSync(left(), 'utf8').replaceAll('\0', '');
  writeFileSync(join(machine, 'enrol.json'), bare);
  writeFileSync(join(machine, 'note'), 'x'.repeat(600));
  await execa('tar', ['-C', machine, '-cf', left(), 'note', 'enrol.json']);
  expect((await enrol('--wait', '5')).code).toBe(0);
});

test('over a loss of power it asks with the same keys and the same request, and the answer given twice is as good', async () => {
  leave();
  // The leader has enrolled it, and its answer is lost with the power.
  leader = async () => null;
  expect((await enrol('--wait', '0')).code).toBe(5);
  leader = async (body) => {
    await enrols(body);
    return null;
  };
  expect((await enrol('--wait', '1')).code).toBe(5);
  leader = enrols;
  expect((await enrol('--wait', '5')).code).toBe(0);
  expect(asked.length).toBeGreaterThan(1);
  expect(new Set(asked.map(({ body }) => body)).size).toBe(1);
  expect(installRequestSchema.parse(JSON.parse(asked[0]!.body))).toMatchObject({ keys: publicKeys(), job: '3.17' });
});

describe('is refused and changes nothing', () => {
  const nothingLaid = () => {
    expect(existsSync(etc())).toBe(false);
    expect(existsSync(join(state(), 'keys', 'node.crt'))).toBe(false);
  };
  test('what a stranger on the network answers', async () => {
    leave();
    signedBy = 'h2';
    const { code, err } = await enrol('--wait', '3');
    expect(code).toBe(5);
    expect(err).toMatch(/nobody has enrolled h4 within 3 s:\n {2}http.*not signed, for this request, by a node/);
    nothingLaid();
  });

  test.each<[string, (answer: InstallAnswer & { kind: 'enrolled' }) => Partial<InstallAnswer>, RegExp]>([
    [
      'a private key for the host',
      ({ files }) => ({ files: { ...files, 'keys/node.nk': 'SU' } }),
      /brings "keys\/node.nk"/,
    ],
    ['a file elsewhere', ({ files }) => ({ files: { ...files, 'definitions/../../x.xml': '' } }), /it brings/],
    [
      'identities with other keys',
      ({ files }) => ({ files: { ...files, 'keys/identities.json': JSON.stringify(identities) } }),
      /other keys/,
    ],
    [
      'the certificate of another',
      () => ({ certificate: readFileSync(join(made, 'keys/h2/keys/node.crt'), 'utf8') }),
      /another key/,
    ],
    [
      'another root',
      ({ files }) => ({
        files: { ...files, 'keys/ca.crt': readFileSync(join(made, 'keys/authority/clients.crt'), 'utf8') },
      }),
      /not of this cluster/,
    ],
  ])('%s', async (_, alter, says) => {
    leave();
    leader = async (body) => {
      const answer = (await enrols(body)) as InstallAnswer & { kind: 'enrolled' };
      return { ...answer, ...alter(answer) } as InstallAnswer;
    };
    const { code, err } = await enrol('--wait', '5', '--wipe');
    expect(code).toBe(1);
    expect(err).toMatch(says);
    nothingLaid();
    expect(readFileSync(left(), 'utf8')).toContain('PRIVATE KEY');
  });

  test('what a node once answered to somebody else', async () => {
    leave();
    answersTo = 'another request';
    leader = async () => ({ kind: 'refused', reason: 'try 1 of 3.17 is over', stop: true });
    const { code, err } = await enrol('--wait', '3');
    expect(code).toBe(5);
    expect(err).toMatch(/not signed, for this request, by a node/);
    nothingLaid();
  });

  test('an attempt that is over', async () => {
    leave();
    leader = async () => ({ kind: 'refused', reason: 'try 1 of 3.17 is over', stop: true });
    const { code, err } = await enrol();
    expect([code, asked.length]).toEqual([4, 1]);
    expect(err).toContain('the leader does not enrol h4: try 1 of 3.17 is over');
    nothingLaid();
  });

  test.each([
    ['nothing', () => {}, /ENOENT/],
    ['zeros, on a host without keys', () => writeFileSync(left(), Buffer.alloc(4_096)), /empty/],
    ['half of it', () => writeFileSync(left(), '{"cluster": "lab", "key": "-----BEGIN PRIV'), /it is no JSON/],
    ['too little', () => leave({ nodeKeys: undefined, urls: ['nowhere'] }), /nodeKeys/],
    ['another kind of key', () => leave({ key: 'secret-of-the-installer' }), /no Ed25519 key/],
  ])('%s left by the installer', async (_, prepare, says) => {
    prepare();
    const { code, err } = await enrol();
    expect([code, asked.length]).toEqual([3, 0]);
    expect(err).toMatch(says);
    expect(err).not.toMatch(/BEGIN PRIV|secret-of/);
  });
});

test('no private key is in what is sent, said, kept for all to read, or on a command line', async () => {
  leave();
  mkdirSync(etc(), { recursive: true });
  const watching = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        if (line.startsWith('openssl')) commandLines.add(`${line}${readFileSync(`/proc/${pid}/environ`, 'utf8')}`);
      } catch {
        // Gone meanwhile.
      }
    }
  }, 1);
  const { code, out, err } = await enrol('--json');
  clearInterval(watching);
  expect(code).toBe(0);
  const secrets = [
    ...installer.pem.split('\n').filter((line) => line.length > 30 && !line.startsWith('-')),
    ...readFileSync(join(state(), 'keys/node.key'), 'utf8')
      .split('\n')
      .filter((line) => line.length > 30 && !line.startsWith('-')),
    ...['agent', 'voter', 'controller', 'node'].map((role) =>
      readFileSync(join(state(), `keys/${role}.nk`), 'utf8').trim(),
    ),
  ];
  expect(secrets.length).toBeGreaterThan(6);
  expect(commandLines.size).toBeGreaterThan(0);
  const open = [
    out,
    err,
    asked.map(({ body }) => body).join(),
    [...commandLines].join(),
    ...['node', 'cluster.yaml', 'definitions/g1.xml'].map((file) => readFileSync(join(etc(), file), 'utf8')),
    ...['identities.json', 'ca.crt', 'node.crt'].map((file) => readFileSync(join(state(), 'keys', file), 'utf8')),
  ].join('\n');
  expect(secrets.filter((secret) => open.includes(secret))).toEqual([]);
  expect(open).not.toMatch(/PRIVATE KEY/);
});
