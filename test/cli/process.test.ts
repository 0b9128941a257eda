/** `rekindle` as a person starts it: its exit codes, its bare environment, its terminal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveApi } from '../../services/api-serve.ts';
import { failure } from '../../services/errors.ts';
import { silence, testView } from '../api/fixture.ts';

const bin = fileURLToPath(new URL('../../cli/bin/rekindle.js', import.meta.url));
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rekindle-process-'));
});
afterEach(() => rm(directory, { recursive: true }));

const run = (...args: string[]) =>
  execa(process.execPath, [bin, '--run', directory, '--state', directory, ...args], { reject: false, stdin: 'ignore' });

const FILE = `\
cluster: lab
hosts:
  h1: { address: 127.0.0.1, capacity: { memoryMiB: 1024, vcpus: 2 } }
`;

test('without a daemon it says so, says what to do, and exits with 3', async () => {
  const { exitCode, stdout, stderr } = await run('status');
  expect(exitCode).toBe(3);
  expect(stdout).toBe('');
  expect(stderr).toBe(
    `rekindle: no rekindled answers at ${directory}/api.sock\n  start this node with "rekindle up", or point --run at its run directory`,
  );
});

test.each([
  [['stats'], 'unknown command', 'status'],
  [['fence', 'h1'], "required option '--reason <TEXT>' not specified", 'rekindle fence --help'],
  [['log', '--since', 'yesterday'], 'Write 30s, 10m, 2h, 1d', 'rekindle log --help'],
  [['why'], "missing required argument 'SUBJECT'", 'rekindle why --help'],
])('wrong use %j exits with 2 and points to help', async (args, ...said) => {
  const { exitCode, stderr } = await run(...args);
  expect(exitCode).toBe(2);
  for (const words of said) expect(stderr).toContain(words);
});

test('every command has help', async () => {
  const { stdout } = await run('--help');
  const commands = [...stdout.matchAll(/^ {2}([a-z][a-z-]+) .*[a-z]/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'help');
  expect(commands.length).toBeGreaterThanOrEqual(19);
  const page = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  expect(commands.filter((command) => !page.includes(`rekindle ${command}`))).toEqual([]);
});

test('check tells every problem of a file and exits with 2', async () => {
  const file = join(directory, 'c.yaml');
  await writeFile(file, FILE.replace('hosts', 'profle: fast\nhosts').replace('vcpus: 2', 'vcpus: none'));
  const { exitCode, stderr } = await run('check', file);
  expect(exitCode).toBe(2);
  expect(stderr.split('\n').slice(1, 3)).toEqual([
    `${file}:2:1 unknown key "profle" — did you mean "profile"?`,
    `${file}:4:65 hosts.h1.capacity.vcpus is a text — write a number`,
  ]);
});

test('init makes keys once and never replaces them', async () => {
  const file = join(directory, 'c.yaml');
  const out = join(directory, 'keys');
  await writeFile(file, FILE);
  const first = await run('init', '--cluster', file, '--out', out);
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toMatch(/operators:\n {4}operator: U[A-Z2-7]{55}\n/);
  const before = await readFile(join(out, 'h1/keys/node.nk'), 'utf8');
  expect(await readdir(out)).toContain('authority');
  const second = await run('init', '--cluster', file, '--out', out);
  expect(second.exitCode).toBe(4);
  expect(await readFile(join(out, 'h1/keys/node.nk'), 'utf8')).toBe(before);
}, 20_000);

test('an older Node runs the one of the installation instead, or says what to do', async () => {
  const pretend = join(directory, 'old.mjs');
  await writeFile(
    pretend,
    `Object.defineProperty(process.versions, 'node', { value: '20.11.0' });
     process.argv.splice(1, 1, ${JSON.stringify(bin)});
     await import(${JSON.stringify(bin)});`,
  );
  const start = (env: Record<string, string>) =>
    execa(process.execPath, [pretend, '--version'], { reject: false, env });
  const { exitCode, stdout } = await start({});
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);

  const { message, todo, exit } = failure('NODE_TOO_OLD', { found: '20.11.0', needed: 24 });
  const stuck = await start({ REKINDLE_REEXECUTED: '1' });
  expect([stuck.exitCode, stuck.stderr]).toEqual([exit, `rekindle: ${message}\n  ${todo}`]);
});

test('watch draws on a terminal, follows the log, and gives the terminal back at q', async () => {
  const view = testView();
  const close = await serveApi(view, { socket: join(directory, 'api.sock'), port: null });
  // util-linux's script gives it a real pseudo-terminal.
  const command = `stty cols 100 rows 30; ${process.execPath} ${bin} --run ${directory} watch`;
  const watch = spawn('script', ['-qfec', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '' },
  });
  let drawn = '';
  const shows = async (text: string) => {
    while (!drawn.includes(text)) drawn += (await once(watch.stdout, 'data'))[0];
  };
  await shows('q ends');
  expect(drawn).toContain('\x1b[?1049h');
  expect(drawn).toContain('\x1b[32mrunning');
  view.append(silence);
  await shows('h3 has been silent for 1.0 s');
  await shows('\x1b[33msuspect');
  watch.stdin.write('q');
  await shows('\x1b[?25h\x1b[?1049l');
  expect((await once(watch, 'exit'))[0]).toBe(0);
  await close();
}, 20_000);

test('piped, watch prints plain lines without colours, and says when the daemon goes away', async () => {
  const view = testView();
  const close = await serveApi(view, { socket: join(directory, 'api.sock'), port: null });
  const watch = spawn(process.execPath, [bin, '--run', directory, 'watch'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  while (!said.includes('g2 runs on h1')) said += (await once(watch.stdout, 'data'))[0];
  expect(said).not.toContain('\x1b');
  expect(said.trim().split('\n')).toHaveLength(9);
  let complaint = '';
  watch.stderr.on('data', (data) => (complaint += data));
  await close();
  expect((await once(watch, 'exit'))[0]).toBe(3);
  expect(complaint).toContain('the connection broke off');
});
