/** What a daemon costs while nothing happens: alone with its cluster, and with 300 hosts renewing their leases. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { apiAt } from '../cli/client.ts';
import type { Status } from '../services/api-status.ts';
import { type Figure, type Measurement, median } from './figures.ts';
import { ARBITERS, startLargeCluster } from './large-cluster.ts';

const HOSTS = 300;
const GUESTS = 100;
const ORDERS_AT_ONCE = 10;
const REST_MS = 4_000;
const WATCH_MS = 6_000;
const UP_MS = 45_000;
/** The kernel's unit of processor time. */
const TICKS_PER_S = 100;

export const daemons: Measurement = {
  name: 'daemons',
  async run() {
    const cluster = await startLargeCluster(HOSTS, GUESTS);
    const started: ChildProcess[] = [];
    try {
      for (const node of ARBITERS) started.push(await startDaemon(cluster.directory, node));
      const { leader } = await until('a leader', () => leaderOf(cluster.directory));
      const pid = started[ARBITERS.indexOf(leader)]!.pid!;
      const follower = started[(ARBITERS.indexOf(leader) + 1) % ARBITERS.length]!.pid!;
      await wait(1_000);
      const rest = await watch(pid, REST_MS);

      const agents = startAgents(cluster.directory);
      started.push(agents.process);
      await until('all hosts to join', () => allHosts(cluster.directory, leader));
      await startGuests(cluster.directory, leader);
      await until('all guests to run', () => allGuests(cluster.directory, leader));
      // What was allocated while all of them joined at once is not what it costs to have them.
      await wait(2_000);
      const before = await statusOf(cluster.directory, leader);
      const sentBefore = agents.renewals();
      const [leading, following] = await Promise.all([watch(pid, WATCH_MS), watch(follower, WATCH_MS)]);
      const rate = (agents.renewals() - sentBefore) / (WATCH_MS / 1_000);
      const after = await statusOf(cluster.directory, leader);
      if (after.roles.leader !== leader) throw new Error('the lead changed hands while it was measured');
      return figures({ rest, leading, following, rate, entries: after.seq - before.seq });
    } finally {
      for (const child of started.reverse()) await end(child);
      await cluster.close();
    }
  },
};

interface Seen {
  readonly rest: Usage;
  readonly leading: Usage;
  readonly following: Usage;
  /** Renewals a second that the agents really sent. */
  readonly rate: number;
  /** That the log got meanwhile. */
  readonly entries: number;
}

function figures({ rest, leading, following, rate, entries }: Seen): Figure[] {
  const who =
    'the whole rekindled of an arbiter (voter, controller, API; no agent), a process of its own, its nats-server not counted';
  const busy =
    `${HOSTS} real agents with invented hypervisors in another process, each over two TLS connections, profile standard, together ${Math.round(rate)} renewals a second, ` +
    `${GUESTS} guests running, over ${WATCH_MS / 1_000} s in which the log got ${entries} entries`;
  return [
    {
      name: 'memory at rest',
      value: rest.memoryMiB,
      unit: 'MiB',
      target: { atMost: 100 },
      about: `${who}; it leads, ${HOSTS} hosts are in the cluster file and none has been heard; resident set, median over ${REST_MS / 1_000} s`,
    },
    {
      name: 'CPU at rest',
      value: rest.cpuPercent,
      unit: '% of a core',
      target: { atMost: 1 },
      about: 'the same process, the same time',
    },
    {
      name: `memory with ${HOSTS} hosts, leading`,
      value: leading.memoryMiB,
      unit: 'MiB',
      target: { atMost: 150 },
      about: `the same process; ${busy}`,
    },
    {
      name: `CPU with ${HOSTS} hosts, leading`,
      value: leading.cpuPercent,
      unit: '% of a core',
      target: null,
      about: 'the same',
    },
    {
      name: `memory with ${HOSTS} hosts, following`,
      value: following.memoryMiB,
      unit: 'MiB',
      target: { atMost: 150 },
      about: 'another daemon of the same cluster at the same time',
    },
    {
      name: `CPU with ${HOSTS} hosts, following`,
      value: following.cpuPercent,
      unit: '% of a core',
      target: null,
      about: 'the same',
    },
    {
      name: 'CPU for 1,000 renewals/s, leading',
      value: ((leading.cpuPercent - rest.cpuPercent) / rate) * 1_000,
      unit: '% of a core',
      target: null,
      about: 'computed from the two: what the renewals added, for so many; profile fast has four a second of each host',
    },
  ];
}

interface Usage {
  readonly memoryMiB: number;
  readonly cpuPercent: number;
}

async function watch(pid: number, forMs: number): Promise<Usage> {
  const began = performance.now();
  const before = cpuSeconds(pid);
  const memory: number[] = [];
  while (performance.now() - began < forMs) {
    memory.push(residentMiB(pid));
    await wait(250);
  }
  const took = (performance.now() - began) / 1_000;
  return { memoryMiB: median(memory), cpuPercent: ((cpuSeconds(pid) - before) / took) * 100 };
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1_024;
}

/** User and system time; the name of the program, which may hold blanks, ends at the last parenthesis. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

async function startDaemon(directory: string, node: string): Promise<ChildProcess> {
  const state = join(directory, node);
  await mkdir(join(state, 'run'), { mode: 0o700 });
  const where = ['--cluster', join(directory, 'cluster.yaml'), '--state', state, '--run', join(state, 'run')];
  return run('../daemon/rekindled.ts', ['--node', node, ...where, '--external-nats'], state);
}

function startAgents(directory: string): { process: ChildProcess; renewals: () => number } {
  const process = run('agents-process.ts', [directory], directory);
  let count = 0;
  process.stdout!.on('data', (lines: Buffer) => {
    count = Number(lines.toString().trim().split('\n').at(-1));
  });
  return { process, renewals: () => count };
}

/** Its standard input ends with this process; what it complains of goes to a file. */
function run(script: string, args: readonly string[], directory: string): ChildProcess {
  const log = openSync(join(directory, 'output.log'), 'a');
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], { stdio: ['pipe', 'pipe', log] });
  closeSync(log);
  child.stdout!.resume();
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(late);
}

const statusOf = (directory: string, node: string) =>
  apiAt(join(directory, node, 'run/api.sock')).get<Status>('/v1/status');

async function leaderOf(directory: string): Promise<{ leader: (typeof ARBITERS)[number] } | null> {
  const { roles, cluster } = await statusOf(directory, ARBITERS[0]);
  const leader = ARBITERS.find((name) => name === roles.leader);
  return leader && cluster !== null ? { leader } : null;
}

async function allHosts(directory: string, node: string): Promise<true> {
  const { hosts, brake } = await statusOf(directory, node);
  const there = hosts.filter(({ state }) => state === 'running').length;
  if (there === hosts.length) return true;
  throw new Error(`${there} of ${hosts.length} in service${brake ? ', storm brake on' : ''}`);
}

async function allGuests(directory: string, node: string): Promise<true> {
  const { guests } = await statusOf(directory, node);
  const there = guests.filter(({ state }) => state === 'running').length;
  if (there === guests.length) return true;
  throw new Error(`${there} of ${guests.length} run`);
}

/** A few orders at a time, as people and programs would give them. */
async function startGuests(directory: string, node: string): Promise<void> {
  const names = Array.from({ length: GUESTS }, (_, i) => `g${i + 1}`);
  const api = apiAt(join(directory, node, 'run/api.sock'));
  for (let at = 0; at < names.length; at += ORDERS_AT_ONCE) {
    const orders = names
      .slice(at, at + ORDERS_AT_ONCE)
      .map((guest) => ({ kind: 'set-desired', guest, desired: 'running', by: 'bench' }));
    await Promise.all(orders.map((order) => api.post('/v1/orders', order)));
  }
}

async function until<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const last = performance.now() + UP_MS;
  let reason = '';
  while (performance.now() < last) {
    const answer = await ask().catch((error: unknown) => {
      reason = error instanceof Error ? error.message : String(error);
      return null;
    });
    if (answer !== null) return answer;
    await wait(250);
  }
  throw new Error(`waited ${UP_MS / 1_000} s in vain for ${what}: ${reason}`);
}
