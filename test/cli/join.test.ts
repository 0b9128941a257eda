/** Goal: two commands make a machine a host, with a real node: its API, leader, log on a nats-server, and the listener of its provisioning network. */
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Entry } from '../../machines/entries.ts';
import type { Ticket } from '../../services/provisioning.ts';

const bin = fileURLToPath(new URL('../../cli/bin/rekindle.js', import.meta.url));
const FILE = `\
cluster: trial
profile: fast
voters: [a1]
hosts:
  h1: { address: 10.94.0.1, capacity: { memoryMiB: 1024, vcpus: 2 }, watchdog: { kind: device } }
  h2: { address: 10.94.0.3, capacity: { memoryMiB: 1024, vcpus: 2 }, watchdog: { kind: device } }
arbiters:
  a1: { address: 10.93.0.2 }
`;
const PROVISIONING =
  'provisioning: { network: 10.93.0.0/24, image: host, imageKeys: { anna: UAUUPWDW4HPAVDJ6UIK7TBUJTBO7KLGUKNAWH6ARNKIXP76L2HQ5FR7C } }\n';

let directory: string;
const at = (...parts: string[]) => join(directory, ...parts);
/** The machines of this test share a network that is nobody else's; its first process holds it. */
let network: ReturnType<typeof execa>;
const command = (state: string, etc: string, args: readonly string[], input = '') =>
  execa(
    'nsenter',
    [
      ...(process.getuid?.() === 0 ? ['-n'] : ['-U', '--preserve-credentials', '-n']),
      `-t${network.pid}`,
      ...[process.execPath, bin, '--run', at('run'), '--state', at(state), '--cluster', at(etc, 'c.yaml'), ...args],
    ],
    { reject: false, input },
  );
const node = (...args: string[]) => command('state', 'etc', args);
const joins = (state: string, ticket: string, ...args: string[]) =>
  command(state, `${state}-etc`, ['join', '--wait', '20', ...args], ticket);
const entries = async () =>
  (await node('log', '--json')).stdout.split('\n').map((line) => (JSON.parse(line) as { entry: Entry }).entry);

/** A cluster that has just been made. */
async function begin(file: string): Promise<void> {
  await rm(at('state'), { recursive: true, force: true });
  await cp(at('keys/a1/keys'), at('state/keys'), { recursive: true });
  await writeFile(at('etc/c.yaml'), file);
  expect((await node('up', '--node', 'a1')).exitCode).toBe(0);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rekindle-join-'));
  // The user of dnsmasq must get to what is below.
  await chmod(directory, 0o711);
  network = execa('unshare', [
    process.getuid?.() === 0 ? '-n' : '-rn',
    'sh',
    '-c',
    'ip link set lo up && ip link add e0 type veth peer name e1 && ip addr add 10.93.0.2/24 dev e0 && ip link set e0 up && ip link set e1 up && echo up && exec sleep 600',
  ]);
  network.catch(() => {});
  await new Promise<void>((resolve) => network.stdout!.once('data', () => resolve()));
  await execa('mkdir', ['-p', at('etc')]);
  await writeFile(at('etc/c.yaml'), FILE);
  await node('init', '--out', at('keys'));
});
afterAll(async () => {
  await node('down');
  network.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

test('without a provisioning network no ticket is given out, and it says what to do', async () => {
  await begin(FILE);
  const { exitCode, stdout, stderr } = await node('token', 'h1', '--reason', 'a new machine');
  expect([exitCode, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(
    /no ticket can be given out: .*\n {2}tickets are shown to the nodes with an address in provisioning.network/,
  );
  expect((await node('down')).exitCode).toBe(0);
}, 60_000);

test('with a ticket a machine becomes the host, and a second machine with that ticket nothing', async () => {
  await begin(FILE + PROVISIONING);
  const given = await node('token', 'h1', '--reason', 'a new machine');
  expect([given.exitCode, given.stderr]).toEqual([
    0,
    expect.stringMatching(/^Whoever has this ticket within 15 min is h1/),
  ]);
  const ticket = JSON.parse(given.stdout) as Ticket;
  expect(ticket).toMatchObject({ cluster: 'trial', host: 'h1', attempt: 1, urls: ['http://10.93.0.2:8474'] });
  expect(Object.keys(ticket.nodeKeys)).not.toContain('h1');
  expect((await node('status')).stdout).toMatch(
    /^h1: join: a person makes a machine this host, by a ticket, .*, until .* at the latest$/m,
  );

  const first = await joins('machine', given.stdout);
  expect([first.exitCode, first.stderr]).toEqual([0, '']);
  expect(first.stdout).toMatch(/^h1 is enrolled in cluster trial, by way of a1\nNow start it:/);
  expect(await readFile(at('machine-etc/node'), 'utf8')).toBe('REKINDLE_NODE=h1\n');
  const second = await joins('thief', given.stdout);
  expect([second.exitCode, second.stderr]).toEqual([4, expect.stringMatching(/join as h1: h1 was enrolled before/)]);
  expect([existsSync(at('thief-etc')), existsSync(at('thief/keys/node.crt'))]).toEqual([false, false]);
  expect((await joins('machine', given.stdout)).stderr).toMatch(/this machine is a node already/);

  const told = await entries();
  const offered = told.find(({ type }) => type === 'join.offered');
  expect(offered).toMatchObject({ subject: 'host/h1', cause: 'operator', data: { reason: 'a new machine' } });
  expect(told.filter(({ type }) => type === 'host.enrolled')).toMatchObject([
    {
      data: {
        job: ticket.job,
        attempt: 1,
        keys: JSON.parse(await readFile(at('machine/keys/identities.json'), 'utf8')).nodes.h1,
      },
    },
  ]);
  const secret = ticket.key.split('\n')[1]!;
  expect(JSON.stringify(told)).not.toContain(secret);
  expect(await readFile(at('state/rekindled.log'), 'utf8')).not.toContain(secret);
  expect((await node('why', 'host/h1')).stdout).toMatch(
    /enrolled with new keys, installed by hand; it is expected to register/,
  );
}, 90_000);

test('a ticket is void once another was taken; what is none is not sent', async () => {
  const one = await node('token', 'h2', '--reason', 'r');
  const two = await node('token', 'h2', '--reason', 'the first was lost');
  expect((await joins('m2', one.stdout)).stderr).toMatch(/does not let this machine join as h2: this try is over/);
  expect((await joins('m3', 'hello')).stderr).toMatch(/is no ticket: it is no JSON/);
  expect((await joins('m3', two.stdout, '--json')).exitCode).toBe(0);
}, 60_000);

test.each(['a1', 'h9'])('%s is no host, and gets no ticket', async (host) => {
  const { exitCode, stderr } = await node('token', host, '--reason', 'r');
  expect([exitCode, stderr]).toEqual([2, `rekindle: there is no host/${host} in this cluster\n  use one of: h1, h2`]);
});
