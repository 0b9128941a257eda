/** `up`, orders and `down` on a real node: an arbiter that is the only voter, with its own nats-server. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../../cli/bin/rekindle.js', import.meta.url));
const FILE = `\
cluster: trial
profile: fast
voters: [a1]
hosts:
  h1: { address: 127.93.0.1, capacity: { memoryMiB: 1024, vcpus: 2 }, watchdog: { kind: device } }
arbiters:
  a1: { address: 127.93.0.2 }
`;

let directory: string;
const at = (...parts: string[]) => join(directory, ...parts);
/** In a network of its own, so that its ports are nobody else's; the others reach the daemon by its Unix socket. */
const OWN_NETWORK = [
  'unshare',
  process.getuid?.() === 0 ? '-n' : '-rn',
  'sh',
  '-c',
  'ip link set lo up && exec "$0" "$@"',
];
const run = (...args: string[]) => {
  const where = ['--run', at('run'), '--state', at('state'), '--cluster', at('c.yaml')];
  const [command = '', ...rest] = [...(args[0] === 'up' ? OWN_NETWORK : []), process.execPath, bin, ...where, ...args];
  return execa(command, rest, { reject: false, stdin: 'ignore' });
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rekindle-node-'));
  await writeFile(at('c.yaml'), FILE);
});
afterAll(async () => {
  for (const file of ['run/rekindled.pid', 'state/nats/nats.pid']) {
    const pid = Number(await readFile(at(file), 'utf8').catch(() => ''));
    if (pid > 1 && (await alive(pid))) process.kill(pid, 'SIGKILL');
  }
  await rm(directory, { recursive: true });
});

/** Only of a process of this test: its command line names its directory. */
const alive = async (pid: number) =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(directory);

test('a name that is no node is refused', async () => {
  const { exitCode, stderr } = await run('up', '--node', 'a2');
  expect([exitCode, stderr]).toEqual([2, 'rekindle: there is no node a2 in this cluster\n  use one of: h1, a1']);
});

test('without keys it says that rekindled ended, and what rekindled said', async () => {
  const { exitCode, stderr } = await run('up', '--node', 'a1');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('rekindled ended while starting: the key file');
  expect(stderr).toContain('rekindle init');
}, 20_000);

test('with keys it joins; a second up finds it; it takes orders; down ends it, nats-server and all', async () => {
  await run('init', '--out', at('keys'));
  await cp(at('keys/a1/keys'), at('state/keys'), { recursive: true });

  const first = await run('up', '--node', 'a1', '--json');
  expect([first.exitCode, first.stderr]).toEqual([0, '']);
  const { pid } = JSON.parse(first.stdout);
  expect((await run('up', '--node', 'a1')).stdout).toContain(
    `a1 was up already and has joined (rekindled is process ${pid},`,
  );

  expect((await run('fence', 'h1', '--reason', 'try')).stderr).toContain('the leader refused: h1 has never joined');
  expect((await run('freeze', '--reason', 'a try')).exitCode).toBe(0);
  expect((await run('status')).stdout).toMatch(/^! frozen by \S+: a try — end it with: rekindle thaw$/m);
  expect((await run('log', '--type', 'cluster')).stdout).toMatch(/frozen by \S+: a try$/);

  const server = Number(await readFile(at('state/nats/nats.pid'), 'utf8'));
  const down = await run('down');
  expect([down.exitCode, down.stdout]).toEqual([0, `rekindled, process ${pid}, has stopped`]);
  expect([await alive(pid), await alive(server)]).toEqual([false, false]);
}, 60_000);

test('alone of three voters it keeps trying, and up says what it waits for', async () => {
  const voters = 'voters: [a1, a2, a3]';
  const more = 'a1: { address: 127.93.0.2 }\n  a2: { address: 127.93.0.3 }\n  a3: { address: 127.93.0.4 }';
  await writeFile(at('c.yaml'), FILE.replace('voters: [a1]', voters).replace('a1: { address: 127.93.0.2 }', more));
  await run('init', '--out', at('keys-of-three'));
  await rm(at('state'), { recursive: true });
  await cp(at('keys-of-three/a1/keys'), at('state/keys'), { recursive: true });

  const waiting = () => run('up', '--node', 'a1', '--wait', '1');
  let { exitCode, stderr } = await waiting();
  expect(exitCode).toBe(5);
  // A busy machine takes longer than that to start anything; up does nothing twice.
  while (stderr.includes('it does not answer yet')) ({ exitCode, stderr } = await waiting());
  expect([exitCode, stderr]).toEqual([5, expect.stringMatching(/the node has not joined after 1 s: .*majority/)]);
  expect((await run('freeze', '--reason', 'x')).exitCode).toBeGreaterThanOrEqual(4);
  expect((await run('down')).exitCode).toBe(0);
}, 60_000);
