/** Goal: a stolen key reaches no further than its own node and role. Method: try it on real servers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadClientKeys, type TlsFiles } from '../../adapters/keys/load.ts';
import { readSeed } from '../../adapters/keys/sign.ts';
import { anyUp, type Connections } from '../../adapters/nats/connections.ts';
import { GENESIS_HASH } from '../../machines/fleet.ts';
import { listening, startCluster, type TestCluster, until } from './cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  const log = await cluster.log(cluster.connect('controller', 'h1'));
  const by = { node: 'h1', epoch: 1, atMs: 0 };
  await log.append(
    { type: 'cluster.thawed', subject: 'cluster', cause: 'operator', data: { by: 'x' } },
    { seq: 0, hash: GENESIS_HASH },
    by,
    AbortSignal.timeout(10_000),
  );
});
afterAll(() => cluster?.close());

const up = (connections: Connections) => anyUp(connections, AbortSignal.timeout(5_000));

/** The refusals of a user's publishes, as its `Say` tells them. */
async function refusals(
  open: (say: ReturnType<typeof listening>) => Connections,
  subjects: readonly string[],
): Promise<string[]> {
  const say = listening();
  const connection = await up(open(say));
  for (const subject of subjects) connection.publish(subject, '{}');
  const refused = () =>
    subjects.filter((subject) =>
      say.lines.some((line) => line.includes('Permissions Violation') && line.includes(`\\"${subject}\\"`)),
    );
  await until('all are refused', () => refused().length === subjects.length, 3_000).catch(() => {});
  return refused();
}

describe('what each user may not publish', () => {
  const log = 'rekindle.test.log.host.h3.fence.proven';
  const ruin = ['PURGE', 'DELETE', 'UPDATE', 'RESTORE', 'SNAPSHOT', 'MSG.DELETE', 'LEADER.STEPDOWN', 'PEER.REMOVE'].map(
    (verb) => `$JS.API.STREAM.${verb}.REKINDLE_test`,
  );
  const cases: [string, (say: ReturnType<typeof listening>) => Connections, string[]][] = [
    [
      'an agent: the log, another host’s renewals and reports, commands, votes',
      (say) => cluster.connect('agent', 'h1', undefined, say),
      [
        log,
        'rekindle.test.stored.x',
        'rekindle.test.lease.renew.h2',
        'rekindle.test.report.h2',
        'rekindle.test.agent.h2',
        'rekindle.test.voter.h1',
        '_INBOX.agent.h2.a.1.h1',
        '_INBOX.controller.h2.a.1.h2',
        ...ruin,
      ],
    ],
    [
      'a voter: answers in another voter’s name, renewals, commands, the log',
      (say) => cluster.connect('voter', 'h1', undefined, say),
      [
        '_INBOX.agent.h2.a.1.h2',
        '_INBOX.controller.h2.a.1.h3',
        'rekindle.test.lease.renew.h1',
        'rekindle.test.agent.h2',
        log,
        ...ruin,
      ],
    ],
    [
      'a controller: anything that shortens or hands over the stream, renewals, another node’s orders',
      (say) => cluster.connect('controller', 'h1', undefined, say),
      [
        'rekindle.test.lease.renew.h1',
        'rekindle.test.order.h2',
        'rekindle.test.stored.x',
        '_INBOX.agent.h2.a.1.h2',
        '$JS.API.META.LEADER.STEPDOWN',
        '$JS.API.CONSUMER.CREATE.REKINDLE_test.x',
        ...ruin,
      ],
    ],
    [
      'the monitor: anything but questions',
      (say) => cluster.connectClient('monitor', undefined, say),
      [log, 'rekindle.test.lease.renew.h1', 'rekindle.test.order.h1', ...ruin],
    ],
    [
      'the admin: the log and the nodes’ talk',
      (say) => cluster.connectClient('admin', undefined, say),
      [log, 'rekindle.test.lease.renew.h1', 'rekindle.test.agent.h1'],
    ],
  ];
  test.each(cases)('%s', async (_, open, subjects) => {
    expect(await refusals(open, subjects)).toEqual(subjects);
  });

  test('and none of it got through', async () => {
    const { streams } = await jetstreamManager(await up(cluster.connectClient('admin')));
    expect((await streams.info('REKINDLE_test')).state).toMatchObject({ messages: 1, first_seq: 1, last_seq: 1 });
  });

  test('not even the admin can delete an entry or purge: the stream itself denies it', async () => {
    const { streams } = await jetstreamManager(await up(cluster.connectClient('admin')));
    await expect(streams.purge('REKINDLE_test')).rejects.toThrow(/not permitted|denied/);
    await expect(streams.deleteMessage('REKINDLE_test', 1)).rejects.toThrow(/not permitted|denied/);
  });
});

test('an agent cannot listen to another one’s commands or answers', async () => {
  const say = listening();
  const connections = cluster.connect('agent', 'h1', undefined, say);
  await up(connections);
  for (const subject of ['rekindle.test.agent.h2', '_INBOX.agent.h2.>', 'rekindle.test.>'])
    connections.subscribe(subject, () => {});
  const refused = () =>
    new Set(say.lines.flatMap((line) => /Permissions Violation for Subscription to \\"([^\\]+)/.exec(line)?.[1] ?? []));
  await until('all three are refused', () => refused().size === 3, 3_000);
});

describe('who gets in at all', () => {
  const dial = (tls: Partial<TlsFiles> | null, seed?: string): Promise<NatsConnection> => {
    const pem = (file?: string) => (file ? readFileSync(file, 'utf8') : undefined);
    const files = { ca: pem(tls?.ca), cert: pem(tls?.cert), key: pem(tls?.key) };
    return connect({
      servers: `127.0.0.1:${cluster.ports('h1').client}`,
      ...(tls ? { tls: JSON.parse(JSON.stringify(files)) } : { tls: null }),
      ...(seed ? { authenticator: nkeyAuthenticator(readSeed(seed).getSeed()) } : {}),
      timeout: 2_000,
      reconnect: false,
    });
  };

  test('nobody without TLS, without a certificate, or without a known nkey', async () => {
    const { tls, seeds } = cluster.keys('h1');
    await expect(dial(null, seeds.agent)).rejects.toThrow();
    await expect(dial({ ca: tls.ca }, seeds.agent)).rejects.toThrow();
    await expect(dial(tls)).rejects.toThrow(/Authorization/);
    // The signing key is nobody's way in.
    await expect(dial(tls, seeds.node)).rejects.toThrow(/Authorization/);
    const connection = await dial(tls, seeds.agent);
    await connection.close();
  });

  test('a server that is not the node meant is not spoken to', async () => {
    const say = listening();
    const { tls, seeds } = cluster.keys('h1');
    const { openConnections } = await import('../../adapters/nats/connections.ts');
    const servers = [{ node: 'h2', address: '127.0.0.1', port: cluster.ports('h1').client }];
    const connections = openConnections({
      servers,
      tls,
      seed: seeds.agent,
      inbox: '_INBOX.agent.h1',
      name: 'agent/h1',
      say,
    });
    await expect(anyUp(connections, AbortSignal.timeout(700))).rejects.toThrow();
    await connections.close();
    expect(say.lines.join()).toMatch(/does not match certificate/);
  });

  test('a client’s certificate makes no route: a monitor cannot join as a server', async () => {
    const monitor = loadClientKeys(join(cluster.directory, 'made/clients/monitor'), 'monitor');
    expect(await routeSays(monitor.tls)).not.toContain('INFO');
    expect(await routeSays(cluster.keys('h2').tls)).toContain('INFO');
  });

  function routeSays({ ca, cert, key }: TlsFiles): Promise<string> {
    return new Promise((resolve) => {
      const pem = (file: string) => readFileSync(file);
      const socket = connectTls({
        host: '127.0.0.1',
        port: cluster.ports('h1').cluster,
        ca: pem(ca),
        cert: pem(cert),
        key: pem(key),
        servername: 'h1',
      });
      const done = (said: string) => {
        socket.destroy();
        resolve(said);
      };
      socket.on('error', (error) => done(error.message));
      socket.on('data', (bytes) => done(bytes.toString()));
      socket.on('close', () => done('closed'));
      socket.on('secureConnect', () => {
        // The route's own greeting; a server answers a peer it trusts.
        socket.write('CONNECT {"name":"x","cluster":"test"}\r\n');
      });
    });
  }
});
