import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judgeServer, readServer } from '../../adapters/nats/read-back.ts';
import { findServer } from '../../adapters/nats/server-binary.ts';
import { serverConfig, serversFor } from '../../adapters/nats/server-config.ts';
import { runServer } from '../../adapters/nats/server-process.ts';
import { isTooOld } from '../../adapters/nats/version.ts';
import { specSchema } from '../../machines/spec.ts';
import { listening, startCluster, type TestCluster, until } from './cluster.ts';

let cluster: TestCluster;
let directory: string;
beforeAll(async () => {
  cluster = await startCluster({ hosts: ['h1', 'h2', 'h3', 'h4'], voters: ['h1', 'h2', 'h3'], start: false });
  directory = await mkdtemp(join(tmpdir(), 'rekindle-server-'));
});
afterAll(async () => {
  await cluster?.close();
  await rm(directory, { recursive: true, force: true });
});

const alone = () => ({ ...cluster.plan('h1'), spec: { ...cluster.spec, voters: ['h1'] } });
const isAlive = (pid: number) =>
  readFile(`/proc/${pid}/cmdline`, 'utf8').then(
    (text) => text !== '',
    () => false,
  );

describe('the configuration', () => {
  test.each(['h1', 'h4'])('of %s is one nats-server accepts', async (node) => {
    const file = join(directory, `${node}.conf`);
    await writeFile(file, serverConfig(cluster.plan(node)));
    const { path } = await findServer();
    expect((await execa(path, ['-t', '-c', file], { all: true })).all).toContain('is valid');
  });

  test('gives JetStream, always synced, to voters and to nobody else', () => {
    expect(serverConfig(cluster.plan('h1'))).toMatch(/jetstream \{.*sync_interval: always/);
    expect(serverConfig(cluster.plan('h4'))).not.toContain('jetstream');
  });

  test('holds no secret', async () => {
    const text = serverConfig(cluster.plan('h1'));
    expect(text).not.toMatch(/\bSU[A-Z2-7]{56}\b/);
    expect(text).not.toContain('PRIVATE KEY');
  });

  test('refuses a node whose keys are not known, and text that would end a string', () => {
    const { hosts } = cluster.spec;
    const more = { ...cluster.spec, hosts: { ...hosts, h9: hosts.h1! } };
    expect(() => serverConfig({ ...cluster.plan('h1'), spec: more })).toThrow(/names no keys of h9/);
    const odd = { ...cluster.spec, hosts: { ...hosts, h2: { ...hosts.h2!, address: 'x"\nauthorization {}' } } };
    expect(() => serverConfig({ ...cluster.plan('h1'), spec: odd })).toThrow(/cannot be written/);
  });

  test('a host that is yet to be installed has no keys, and keeps no other server from starting', () => {
    const { hosts } = cluster.spec;
    const machine = { macs: ['52:54:00:00:00:09'], disk: { serial: 'nine' } };
    const spec = specSchema.parse({ ...cluster.spec, hosts: { ...hosts, h9: { ...hosts.h1, machine } } });
    const users = (text: string) => text.match(/nkey: U[A-Z2-7]{55}/g);
    expect(users(serverConfig({ ...cluster.plan('h1'), spec }))).toEqual(users(serverConfig(cluster.plan('h1'))));
  });

  test('each node talks to its own server and the next by name; with one voter, to that one', () => {
    const names = (node: string, spec = cluster.spec) => serversFor(spec, node).map((server) => server.node);
    expect(names('h2')).toEqual(['h2', 'h3']);
    expect(names('h4')).toEqual(['h4', 'h1']);
    expect(names('h4', { ...cluster.spec, voters: ['h2'] })).toEqual(['h2']);
  });
});

describe('the binary', () => {
  test.each([
    ['2.9.10', true],
    ['2.10.26', true],
    ['2.10.27', false],
    ['2.11.0-RC.1', false],
    ['2.15.1', false],
    ['3.0.0', false],
    ['nonsense', true],
  ])('%s too old: %s', (version, tooOld) => expect(isTooOld(version)).toBe(tooOld));

  test('an old one is refused, with the remedy', async () => {
    const fake = join(directory, 'old-nats-server');
    await writeFile(fake, '#!/bin/sh\necho "nats-server: v2.9.10"\n');
    await chmod(fake, 0o755);
    await expect(findServer(fake)).rejects.toMatchObject({
      code: 'NATS_TOO_OLD',
      message: expect.stringContaining('2.9.10'),
      todo: expect.stringContaining('scripts/install-nats-server.sh'),
    });
  });

  test('a missing one is said to be missing, with the remedy', async () => {
    await expect(findServer(join(directory, 'none'))).rejects.toMatchObject({
      code: 'NATS_MISSING',
      todo: expect.stringContaining('scripts/install-nats-server.sh'),
    });
  });

  test('the install script leaves a good one alone', async () => {
    const { path, version } = await findServer();
    const { stdout } = await execa('sh', ['scripts/install-nats-server.sh', path]);
    expect(stdout).toContain(`${version} is already at`);
  });
});

describe('the process', () => {
  test('a taken port is named', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(cluster.ports('h1').client, '127.0.0.1', resolve));
    await expect(runServer({ ...alone(), say: listening() })).rejects.toMatchObject({
      code: 'NATS_PORT_TAKEN',
      message: expect.stringContaining(`client port 127.0.0.1:${cluster.ports('h1').client}`),
    });
    await new Promise((resolve) => taken.close(resolve));
  });

  test('a configuration the server refuses is named, and takes the place of none that is in force', async () => {
    const keys = cluster.keys('h1');
    const broken = { ...keys, tls: { ...keys.tls, cert: keys.tls.key } };
    const refused = (where: string) =>
      expect(
        runServer({ ...alone(), keys: broken, directory: join(directory, where), say: listening() }),
      ).rejects.toMatchObject({ code: 'NATS_CONFIG_INVALID' });
    await refused('broken');

    const own = { ...alone(), directory: join(directory, 'good') };
    const running = await runServer({ ...own, say: listening() });
    const pid = running.pid();
    running.leave();
    const before = await readFile(join(own.directory, 'nats.conf'), 'utf8');
    await refused('good');
    expect(await readFile(join(own.directory, 'nats.conf'), 'utf8')).toBe(before);
    const again = await runServer({ ...own, say: listening() });
    expect(again.pid()).toBe(pid);
    await again.stop();
  });

  test('outlives its daemon, is adopted, restarted when killed or when its configuration changes, and ends gracefully', async () => {
    const first = await runServer({ ...alone(), say: listening() });
    const pid = first.pid()!;
    first.leave();

    const say = listening();
    const second = await runServer({ ...alone(), say });
    expect(second.pid()).toBe(pid);
    expect(say.lines.join()).toContain('adopted');

    process.kill(pid, 'SIGKILL');
    await until('restarted', () => second.pid() !== null && second.pid() !== pid);
    expect(say.lines.join()).toContain('nats-server died');
    expect((await readServer(`http://127.0.0.1:${cluster.ports('h1').monitoring}`)).name).toBe('h1');
    second.leave();

    const changed = { ...alone(), spec: { ...alone().spec, hosts: { h1: cluster.spec.hosts.h1! } } };
    const third = await runServer({ ...changed, say });
    expect(third.pid()).not.toBe(second.pid());
    expect(await isAlive(second.pid()!)).toBe(false);

    const last = third.pid()!;
    await third.stop();
    expect(await isAlive(last)).toBe(false);
    expect(await readFile(join(cluster.directory, 'h1/nats.log'), 'utf8')).toContain('Server Exiting');
  });
});

describe('what the server really does', () => {
  test('ours syncs always; that is read, not assumed', async () => {
    const server = await runServer({ ...alone(), say: listening() });
    const url = `http://127.0.0.1:${cluster.ports('h1').monitoring}`;
    expect(await readServer(url)).toMatchObject({
      name: 'h1',
      jetStream: true,
      syncAlways: true,
      syncInterval: 'always',
    });
    expect(server.degraded).toBeNull();
    await server.stop();
    await expect(readServer(url)).rejects.toMatchObject({ code: 'NATS_UNREADABLE' });
  });

  test('a foreign one that syncs every two minutes is degraded, and one without JetStream is refused for a voter', async () => {
    const port = cluster.ports('h2').monitoring;
    const file = join(directory, 'foreign.conf');
    await writeFile(
      file,
      `server_name: foreign\nlisten: "127.0.0.1:${cluster.ports('h2').client}"\nhttp: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}/js" }\n`,
    );
    const { path } = await findServer();
    const child = spawn(path, ['-c', file], { stdio: 'ignore' });
    const url = `http://127.0.0.1:${port}`;
    await until('up', () =>
      readServer(url).then(
        () => true,
        () => false,
      ),
    );
    const found = await readServer(url);
    child.kill('SIGTERM');
    expect(judgeServer(found, true, url)).toMatchObject({
      code: 'DURABILITY_DEGRADED',
      message: expect.stringContaining('120 s'),
    });
    expect(judgeServer(found, false, url)).toBeNull();
    expect(() => judgeServer({ ...found, jetStream: false }, true, url)).toThrow(/without JetStream/);
    expect(() => judgeServer({ ...found, version: '2.10.22' }, true, url)).toThrow(/too old/);
  });
});
