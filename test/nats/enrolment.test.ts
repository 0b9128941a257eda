/** Goal: a host installed anew becomes the same node under new keys, and the old keys are worth nothing. Method: real openssl, real nats-servers. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEnrolled, withEnrolled, writeEnrolled } from '../../adapters/keys/enrolled.ts';
import { createEnrolment } from '../../adapters/keys/enrolment.ts';
import { loadNodeKeys } from '../../adapters/keys/load.ts';
import { makeOwnKeys, type OwnKeys } from '../../adapters/keys/own-keys.ts';
import { anyUp, openConnections } from '../../adapters/nats/connections.ts';
import { runServer, type ServerProcess } from '../../adapters/nats/server-process.ts';
import { inboxOf } from '../../adapters/nats/subjects.ts';
import type { Enrolment } from '../../services/ports.ts';
import { listening, startCluster, type TestCluster, until } from './cluster.ts';

let cluster: TestCluster;
let scratch: string;
let own: OwnKeys;
/** State directory of h4 after its reinstallation. */
const anew = () => join(scratch, 'anew');
beforeAll(async () => {
  cluster = await startCluster({ hosts: ['h1', 'h2', 'h3', 'h4'], voters: ['h1', 'h2', 'h3'] });
  scratch = mkdtempSync(join(tmpdir(), 'rekindle-enrolment-'));
  own = await makeOwnKeys(anew(), 'h4');
});
afterAll(async () => {
  await cluster?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const stateOf = (node: string) => join(cluster.directory, 'made', node);
const enrolmentAt = (node: string): Enrolment =>
  createEnrolment({
    node,
    state: stateOf(node),
    spec: cluster.spec,
    identities: () => withEnrolled(cluster.keys(node).identities, { h4: own.keys }),
    clusterFiles: () => ({ 'cluster.yaml': 'cluster: test\n' }),
  });
const certified = async (request = own.request, host = 'h4') => {
  const answer = await enrolmentAt('h1').certify(host, request);
  if (answer.kind !== 'certified') throw new Error(answer.reason);
  return answer.certificate;
};
const askFor = async (...words: string[]) => {
  const { stdout } = await execa('openssl', ['req', '-new', '-noenc', '-keyout', join(scratch, 'x.key'), ...words]);
  return stdout;
};
const P256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

describe('a certificate', () => {
  test('is of the host and its address whatever the request asks for, by way of the voter, up to the root', async () => {
    const greedy = await askFor(
      ...[...P256, '-subj', '/CN=h1/O=admin', '-addext', 'subjectAltName=DNS:h1,DNS:*'],
      ...['-addext', 'basicConstraints=critical,CA:TRUE'],
    );
    const chain = await certified(greedy);
    const leaf = new X509Certificate(chain);
    expect([leaf.subject, leaf.subjectAltName, leaf.ca]).toEqual([
      'CN=h4',
      'DNS:h4, DNS:localhost, IP Address:127.0.0.1',
      false,
    ]);
    expect(leaf.issuer).toBe('CN=test enrolment by h1');
    expect(Date.parse(leaf.validFrom)).toBeLessThan(Date.now() - 80_000_000);
    writeFileSync(join(scratch, 'chain.crt'), chain);
    const of = ['-CAfile', join(stateOf('h4'), 'keys/ca.crt'), '-untrusted', join(scratch, 'chain.crt')];
    for (const purpose of ['sslserver', 'sslclient'])
      await execa('openssl', ['verify', '-purpose', purpose, ...of, join(scratch, 'chain.crt')]);
  });

  test('is refused for a request that somebody altered, another kind of key, a stranger, and by who is no voter', async () => {
    const der = Buffer.from(own.request.replace(/-----.*-----|\n/g, ''), 'base64');
    der[40]! ^= 1;
    const altered = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE REQUEST-----\n`;
    const rsa = await askFor('-newkey', 'rsa:2048', '-subj', '/CN=h4');
    const refused = async (at: string, host: string, request: string) => {
      const answer = await enrolmentAt(at).certify(host, request);
      return answer.kind === 'failed' ? answer.reason : answer.kind;
    };
    expect(await refused('h1', 'h4', altered)).toMatch(/openssl does not sign/);
    expect(await refused('h1', 'h4', 'nonsense')).toMatch(/openssl does not sign/);
    expect(await refused('h1', 'h4', rsa)).toMatch(/another kind of key than P-256/);
    expect(await refused('h1', 'h9', own.request)).toMatch(/h9 is no host of cluster test/);
    expect(await refused('h4', 'h4', own.request)).toMatch(/h4 leads and is no voter.*step-down/);
    expect(readdirSync(stateOf('h1'))).toEqual(['keys']);
  });

  test('comes with what a node needs, and none of it is private', () => {
    const files = enrolmentAt('h2').files();
    expect(Object.keys(files)).toEqual(['keys/ca.crt', 'keys/client-cas.crt', 'keys/identities.json', 'cluster.yaml']);
    expect(JSON.parse(files['keys/identities.json']!).nodes.h4).toEqual(own.keys);
    expect(Object.values(files).join()).not.toMatch(/PRIVATE KEY|\bSU[A-Z2-7]{56}\b/);
  });
});

test('keys are for their owner alone, and made once', async () => {
  const files = readdirSync(join(anew(), 'keys'));
  expect(files.sort()).toEqual(['agent.nk', 'controller.nk', 'node.key', 'node.nk', 'voter.nk']);
  for (const file of files) expect(statSync(join(anew(), 'keys', file)).mode & 0o777, file).toBe(0o600);
  expect((await makeOwnKeys(anew(), 'h4')).keys).toEqual(own.keys);
});

test('running servers take the new keys, cut off the old ones, and disturb nobody else', async () => {
  const servers = new Map<string, ServerProcess>();
  for (const node of ['h1', 'h2', 'h3', 'h4'])
    servers.set(node, await runServer({ ...cluster.plan(node), say: listening() }));
  const pids = [...servers.values()].map((server) => server.pid());
  const before = listening();
  const old = cluster.connect('agent', 'h4', ['h1', 'h2'], before);
  const neighbour = listening();
  const others = cluster.connect('agent', 'h2', ['h1', 'h2'], neighbour);
  const log = cluster.connect('controller', 'h3', ['h1', 'h2'], neighbour);
  const up = (connections: typeof old) => connections.paths.every((path) => path.live() !== null);
  await until('all are up', () => up(old) && up(others) && up(log));
  const lives = [...others.paths, ...log.paths].map((path) => path.live());
  const routes = async () => {
    const answer = await fetch(`http://127.0.0.1:${cluster.ports('h1').monitoring}/routez`);
    const { routes } = (await answer.json()) as { routes: { rid: number; remote_name: string }[] };
    return routes.map(({ rid, remote_name }) => `${rid} ${remote_name}`).sort();
  };
  // Three of them for messages and one for the system, to each of the others.
  await until('all servers are linked', async () => (await routes()).length === 3 * 4);
  const linked = await routes();

  for (const node of servers.keys()) {
    writeEnrolled(stateOf(node), { h4: own.keys });
    await servers.get(node)!.setIdentities(cluster.keys(node).identities);
  }
  await until('the old key is cut off', () => old.paths.every((path) => path.live() === null));
  await until('and refused', () => before.lines.some((line) => /cannot connect.*Authorization Violation/.test(line)));

  // As `rekindle enrol` lays them.
  for (const [path, text] of Object.entries(enrolmentAt('h1').files())) writeFileSync(join(anew(), path), text);
  writeFileSync(join(anew(), 'keys/node.crt'), await certified());
  const keys = loadNodeKeys(anew());
  const fresh = openConnections({
    servers: ['h1', 'h4'].map((node) => ({ node, address: '127.0.0.1', port: cluster.ports(node).client })),
    tls: keys.tls,
    seed: keys.seeds.agent,
    inbox: inboxOf('agent', 'h4'),
    name: 'agent/h4 anew',
    say: listening(),
  });
  try {
    const connection = await anyUp(fresh, AbortSignal.timeout(5_000));
    const heard = new Promise<string>((resolve) => {
      log.subscribe('rekindle.test.report.*', (message) => resolve(message.string()));
    });
    await until('subscribed', async () => {
      await Promise.all(log.paths.map((path) => path.live()!.flush()));
      return true;
    });
    connection.publish('rekindle.test.report.h4', 'here I am');
    expect(await heard).toBe('here I am');
  } finally {
    await fresh.close();
  }
  expect([...others.paths, ...log.paths].map((path) => path.live())).toEqual(lives);
  expect(neighbour.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  expect(await routes()).toEqual(linked);
  expect([...servers.values()].map((server) => server.pid())).toEqual(pids);

  // Its server takes part in the cluster with the new certificate, and is believed as a server by who knows the root only.
  await servers.get('h4')!.stop();
  const again = await runServer({ ...cluster.plan('h4'), keys, directory: join(scratch, 'nats'), say: listening() });
  const watched = cluster.connect('agent', 'h2', ['h4']);
  await until('a way to the new server', () => watched.paths[0]!.live() !== null);
  await until('routes to the new server', async () =>
    (await routes()).some((route) => route.endsWith(' h4') && !linked.includes(route)),
  );
  await again.stop();

  // A daemon that starts before the log opens has the new keys, and nothing to change in the server that runs on.
  for (const server of servers.values()) server.leave();
  expect(readEnrolled(stateOf('h1'))).toEqual({ h4: own.keys });
  const adopted = await runServer({ ...cluster.plan('h1'), say: listening() });
  expect(adopted.pid()).toBe(pids[0]);
  adopted.leave();
}, 60_000);
