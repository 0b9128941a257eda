/**
 * The lab itself, a long-lived process inside the throw-away namespaces: it owns the switches, machines, BMCs and
 * watchdogs, and does what it is told over HTTP on a Unix socket.
 *   GET /status · POST /fault {name,args} · POST /chassis/NODE (for ipmi_sim) · POST /down
 *   node lab/supervisor.ts LAYOUT rekindle|plain [attached]     attached: ends when its standard input does
 * A file `plan.json` in its directory says another cluster than its own (plan.ts).
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { PROFILES } from '../machines/times.ts';
import { adoptMachines } from './adopt.ts';
import { createBmc } from './bmc.ts';
import type { LabStatus } from './client.ts';
import { writeCluster } from './cluster-file.ts';
import { sh, until } from './exec.ts';
import { instances, runFault } from './faults.ts';
import { makeDisks } from './guests.ts';
import { createHost, type Host } from './host.ts';
import { GUESTS, isLayout, LAYOUTS, type LabNode, run, socket } from './layout.ts';
import { createMachine } from './machine.ts';
import { STORE } from './metal.ts';
import { createNetwork } from './network.ts';
import { startPlainly } from './plain.ts';
import { readPlan } from './plan.ts';
import { startSite } from './site.ts';
import { mountMemory } from './storage.ts';
import { serveTinyGuest, tinyGuestsOf } from './tiny-guest.ts';

const [layout = 'three', mode = 'rekindle', attached] = process.argv.slice(2);
if (!isLayout(layout)) throw new Error(`no layout "${layout}"; there are ${Object.keys(LAYOUTS).join(', ')}`);
const nodes = LAYOUTS[layout];
const plan = readPlan();
/** Guests that the cluster has, and those of them that are to run from the start. */
const guests = plan === null ? GUESTS : GUESTS.filter(({ name }) => Object.hasOwn(plan.spec.guests, name));
const wanted = guests.filter(({ name }) => plan?.spec.guests[name]?.desired !== 'stopped');

// The hardware comes before everything that runs on it.
setPriority(-10);
const startedMs = Date.now();
const steps: { atMs: number; what: string }[] = [];
/** Bounded: what a person can read. */
const say = (what: string) => {
  steps.push({ atMs: Date.now() - startedMs, what });
  if (steps.length > 200) steps.shift();
  console.log(`${new Date().toISOString()} ${what}`);
};
let phase: LabStatus['phase'] = 'starting';

const network = createNetwork(nodes);
const firmwareMs = plan?.firmwareMs ?? 0;
const metal = nodes.some(({ machine }) => machine);
/** A machine without KVM is slow: its cluster has the times of the profile standard. */
const watchdogMs = PROFILES[metal ? 'standard' : 'fast'].watchdogMs;
const hostOf = (node: LabNode): Host => createHost(node, network, mode === 'rekindle', say, firmwareMs, watchdogMs);
const hosts = new Map<string, Host>(
  nodes.map((node) => [node.name, node.machine ? createMachine(node, network, say) : hostOf(node)] as const),
);
const password = randomBytes(12).toString('hex').slice(0, 16);
const bmcs = new Map(
  [...hosts.values()]
    .filter(({ node }) => node.kind !== 'arbiter')
    .map((host) => [host.node.name, createBmc(host, network, password, say, plan?.firmwareMs)] as const),
);
const parts = { hosts, bmcs, network, firmwareMs };

function status(): LabStatus {
  const running = instances(parts);
  return {
    layout: layout as LabStatus['layout'],
    mode: mode === 'plain' ? 'plain' : 'rekindle',
    phase,
    steps,
    nodes: [...hosts.values()].map((host) => ({
      name: host.node.name,
      kind: host.node.kind,
      power: host.powered() ? 'on' : 'off',
      why: host.why(),
      resets: host.resets(),
      init: host.init() ?? null,
      bmc: bmcs.has(host.node.name) ? (bmcs.get(host.node.name)?.alive() ? 'alive' : 'dead') : null,
      network: network.troubles(host.node),
    })),
    guests: guests.map(({ name, address }) => ({
      name,
      address,
      on: running.filter(({ guest }) => guest === name).map(({ host }) => host),
      instances: running.filter(({ guest }) => guest === name),
    })),
  };
}

async function answers(address: string): Promise<true | undefined> {
  const ok = await fetch(`http://${address}/id.json`, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
  return ok?.ok || undefined;
}

async function start(): Promise<void> {
  await Promise.all([network.build(metal), mountMemory()]);
  await Promise.all([...hosts.values()].map((host) => host.prepare()));
  await writeFile(
    join(run, 'hosts.txt'),
    ['127.0.0.1 localhost', ...nodes.map(({ control, name }) => `${control} ${name}`), ''].join('\n'),
  );
  if (metal) await startSite(nodes);
  await makeDisks();
  for (const guest of tinyGuestsOf(nodes)) await serveTinyGuest(guest, STORE);
  if (mode === 'rekindle') await writeCluster(nodes, password, plan?.spec);
  await writeFile(join(run, 'bmc.password'), `${password}\n`, { mode: 0o600 });
  say('switches, disks and keys are made');
  const born = [...hosts.values()].filter(({ node }) => !node.machine);
  await Promise.all(born.map((host) => host.powerOn()));
  await Promise.all([...bmcs.values()].map((bmc) => bmc.start()));
  say(`${born.map(({ node }) => node.name).join(', ')} are on`);
  await Promise.all(
    [...hosts.values()]
      .filter(({ node }) => node.kind === 'host')
      .map((host) =>
        until(`libvirtd of ${host.node.name}`, 20_000, async () => {
          const asked = sh('nsenter', [
            '-t',
            String(host.init()),
            '-m',
            '-p',
            'virsh',
            '-q',
            '-c',
            'qemu:///system',
            'version',
          ]);
          return asked.then(
            () => true,
            () => undefined,
          );
        }),
      ),
  );
  say('libvirtd answers everywhere');
  if (mode === 'plain') await startPlainly(hosts);
  await Promise.all(
    wanted.map((guest) => until(`${guest.name} to answer`, metal ? 240_000 : 90_000, () => answers(guest.address))),
  );
  if (metal && mode === 'rekindle') {
    const [first] = born;
    if (first)
      await adoptMachines(
        nodes.filter(({ machine }) => machine),
        first,
        say,
      );
  }
  say(wanted.length === guests.length ? 'all guests answer' : 'all guests that are to run answer');
  phase = 'ready';
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 65_536) throw new Error('too long');
  }
  return text;
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const [, what, name = ''] = (request.url ?? '').split('/');
  if (request.method === 'GET' && what === 'status') return status();
  if (what === 'fault') {
    const { name: fault, args } = JSON.parse(await body(request)) as { name: string; args: string[] };
    const done = await runFault(parts, fault, args);
    say(`fault ${fault} ${args.join(' ')}`);
    return done;
  }
  if (what === 'chassis') {
    const words = (await body(request)).split(' ');
    if (words[0] === 'set') say(`BMC of ${name}: ${words.slice(1).join(' ')}`);
    return (await bmcs.get(name)?.chassis(words)) ?? '';
  }
  if (what === 'down') {
    setTimeout(() => process.exit(0), 20);
    return {};
  }
  throw new Error(`no ${request.method} ${request.url}`);
}

const server = createServer((request, response) => {
  answer(request).then(
    (result) => response.end(typeof result === 'string' ? result : JSON.stringify(result)),
    (error: unknown) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
    },
  );
});
server.listen(socket);

process.on('SIGTERM', () => process.exit(0));
if (attached === 'attached') {
  process.stdin.resume();
  process.stdin.once('end', () => process.exit(0));
}
start().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  phase = 'failed';
});
