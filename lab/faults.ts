/**
 * What can be broken, by name. Each returns when it has really happened; the moment given with it is the one just
 * before it began, so that a recovery measured from it is never flattered.
 */
import { existsSync } from 'node:fs';
import { open, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bmc } from './bmc.ts';
import { breakGrub, deleteBoot, wipeDisk } from './damage.ts';
import { delay, sh, until } from './exec.ts';
import type { Host } from './host.ts';
import { GUESTS, type LabGuest } from './layout.ts';
import { isMachine, type Machine } from './machine.ts';
import type { Network } from './network.ts';
import { isAlive, namespaceOf, qemus, signal } from './processes.ts';

export interface Parts {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly bmcs: ReadonlyMap<string, Bmc>;
  readonly network: Network;
  /** What a host does between its power button and its boot loader when nobody's BMC is asked. */
  readonly firmwareMs: number;
}

interface Fault {
  readonly args: string;
  readonly about: string;
  /** Rejects with one sentence when it could not be done. */
  run(lab: Parts, args: readonly string[]): Promise<unknown>;
}

const fault = (args: string, about: string, run: Fault['run']): Fault => ({ args, about, run });

function hostOf(lab: Parts, name: string | undefined): Host {
  const host = lab.hosts.get(name ?? '');
  if (!host) throw new Error(`no host "${name ?? ''}"; there are ${[...lab.hosts.keys()].join(', ')}`);
  return host;
}
const hostsOf = (lab: Parts, name: string | undefined) =>
  name === 'all' ? [...lab.hosts.values()] : [hostOf(lab, name)];

function bmcOf(lab: Parts, name: string | undefined): Bmc {
  const bmc = lab.bmcs.get(hostOf(lab, name).node.name);
  if (!bmc) throw new Error(`${name} has no BMC`);
  return bmc;
}

function guestOf(name: string | undefined): LabGuest {
  const guest = GUESTS.find((one) => one.name === name);
  if (!guest) throw new Error(`no guest "${name ?? ''}"; there are ${GUESTS.map((one) => one.name).join(', ')}`);
  return guest;
}

function numberOf(text: string | undefined, what: string): number {
  const value = Number(text);
  if (text === undefined || !Number.isFinite(value)) throw new Error(`${what} is a number, not "${text ?? ''}"`);
  return value;
}

/** Every QEMU of every guest with the host it runs on; a guest has more than one only while it migrates. */
export function instances(lab: Pick<Parts, 'hosts'>): Instance[] {
  const hosts = new Map([...lab.hosts].map(([name, host]) => [namespaceOf(host.init() ?? 0), name]));
  return qemus().flatMap(({ guest, pid, state, argv, namespace }) => {
    const host = hosts.get(namespace);
    if (namespace === undefined || host === undefined) return [];
    return [{ guest, host, pid, stopped: state === 'T', incoming: argv.includes('-incoming') }];
  });
}

export interface Instance {
  readonly guest: string;
  readonly host: string;
  readonly pid: number;
  /** By a signal: it stands still, whatever libvirt believes. */
  readonly stopped: boolean;
  /** It was made to take in a migration. */
  readonly incoming: boolean;
}

function instanceOf(lab: Parts, guest: LabGuest): { host: string; pid: number } {
  const one = instances(lab).find((instance) => instance.guest === guest.name);
  if (!one) throw new Error(`${guest.name} runs nowhere`);
  return one;
}

const ended = (pid: number) => until('the process to end', 15_000, () => (isAlive(pid) ? undefined : true));

/** Kills what matches on one host and waits until it is gone. Something may start it again at once. */
async function killIn(host: Host, what: string, matches: (command: string) => boolean): Promise<void> {
  const found = host.processes().filter(({ argv }) => matches(argv.join(' ')));
  if (found.length === 0) throw new Error(`no ${what} runs on ${host.node.name}`);
  for (const { pid } of found) signal(pid, 'SIGKILL');
  for (const { pid } of found) await ended(pid);
}

/** To go on is asked of nobody when nothing is left that was stopped. */
function signalIn(host: Host, what: string, matches: (command: string) => boolean, name: NodeJS.Signals): void {
  const found = host.processes().filter(({ argv }) => matches(argv.join(' ')));
  if (found.length === 0 && name !== 'SIGCONT') throw new Error(`no ${what} runs on ${host.node.name}`);
  for (const { pid } of found) signal(pid, name);
}

/** What is asked for often comes before the answer is out, so its loss says nothing: the caller sees what happened. */
async function ask(guest: LabGuest, what: string): Promise<void> {
  await fetch(`http://${guest.address}/cgi-bin/do?${what}`, { signal: AbortSignal.timeout(3_000) }).catch(() => {});
}

const answers = (guest: LabGuest) =>
  fetch(`http://${guest.address}/id.json`, { signal: AbortSignal.timeout(300) }).then(
    () => true,
    () => false,
  );

const isDaemon = (command: string) => /^\S*node .*daemon\/rekindled\.ts/.test(command);
const isLibvirtd = (command: string) => /^\S*libvirtd\b/.test(command);
const apiSocket = (host: Host) => `/proc/${host.init()}/root/run/rekindle/api.sock`;

const machineOf = (lab: Parts, name: string | undefined): Machine => {
  const host = hostOf(lab, name);
  if (!isMachine(host))
    throw new Error(`${host.node.name} has no disks of its own; bare machines have, with --layout metal`);
  return host;
};
/** Something is done to it while it has no power. The power is there again at once; somebody has to switch it on. */
const without = (about: string, damage: (machine: Machine) => unknown) =>
  fault('B', `a bare machine loses its power, and ${about}`, async (lab, [b]) => {
    const machine = machineOf(lab, b);
    await machine.powerOff('no power');
    await damage(machine);
  });

const CONTROL_SLOT_BYTES = 512;
/** The library that moves the clock looks once a second. */
const CLOCK_SEEN_MS = 2_500;

export const FAULTS: Readonly<Record<string, Fault>> = {
  'power-loss': fault('H', 'all power of a host is gone; its BMC lives on', (lab, [h]) =>
    hostOf(lab, h).powerOff('no power'),
  ),
  'power-on': fault('H', 'the power is back and the host boots', async (lab, [h]) => {
    const booted = hostOf(lab, h).powerOn(lab.firmwareMs);
    // A firmware that takes its time is not waited for.
    if (lab.firmwareMs === 0) await booted;
    else booted.catch(() => {});
  }),
  reset: fault('H', 'the kernel of a host dies, and it boots again by itself', (lab, [h]) =>
    hostOf(lab, h).reset('its kernel died'),
  ),
  'bmc-dead': fault('H', 'the BMC of a host falls silent', (lab, [h]) => bmcOf(lab, h).die()),
  'bmc-alive': fault('H', 'the BMC of a host answers again', (lab, [h]) => bmcOf(lab, h).start()),
  freeze: fault('H', 'every process of a host stops; its kernel answers on, its watchdog counts on', (lab, [h]) =>
    hostOf(lab, h).freeze(),
  ),
  thaw: fault('H', 'a frozen host goes on, if its watchdog has not reset it', async (lab, [h]) =>
    hostOf(lab, h).thaw(),
  ),
  cut: fault('H', 'both cables of a host are out; guests run on inside', (lab, [h]) =>
    lab.network.cut(hostOf(lab, h).node, ['control', 'data']),
  ),
  'cut-control': fault(
    'H|all',
    'the control network is cut; guests and BMCs are reached as before',
    async (lab, [h]) => {
      await Promise.all(hostsOf(lab, h).map(({ node }) => lab.network.cut(node, ['control'])));
    },
  ),
  'cut-oneway': fault('A B', 'nothing that A sends reaches B; B still reaches A', (lab, [a, b]) =>
    lab.network.deafen(hostOf(lab, b).node, hostOf(lab, a).node),
  ),
  'cut-pair': fault('A B', 'A and B do not reach each other; all others reach both', async (lab, [a, b]) => {
    const [one, other] = [hostOf(lab, a).node, hostOf(lab, b).node];
    await Promise.all([lab.network.deafen(one, other), lab.network.deafen(other, one)]);
  }),
  loss: fault('H PERCENT', 'so many packets of a host are lost, each way', (lab, [h, percent]) =>
    lab.network.lose(hostOf(lab, h).node, numberOf(percent, 'PERCENT')),
  ),
  slow: fault('H MBIT', 'the data link towards a host is this slow', (lab, [h, mbit]) =>
    lab.network.slow(hostOf(lab, h).node, numberOf(mbit, 'MBIT')),
  ),
  'heal-oneway': fault('A B', 'what A sends reaches B again', (lab, [a, b]) =>
    lab.network.hear(hostOf(lab, b).node, hostOf(lab, a).node),
  ),
  heal: fault('H|all', 'every fault of the network of a host ends', async (lab, [h]) => {
    for (const { node } of hostsOf(lab, h)) await lab.network.heal(node);
  }),
  'kill-daemon': fault('H', 'kill -9 of rekindled', (lab, [h]) => killIn(hostOf(lab, h), 'rekindled', isDaemon)),
  'pause-daemon': fault('H', 'rekindled stops where it is; the rest of the host does not', async (lab, [h]) =>
    signalIn(hostOf(lab, h), 'rekindled', isDaemon, 'SIGSTOP'),
  ),
  'resume-daemon': fault('H', 'rekindled goes on, if it is still there', async (lab, [h]) =>
    signalIn(hostOf(lab, h), 'rekindled', isDaemon, 'SIGCONT'),
  ),
  'kill-petter': fault('H', 'kill -9 of the petter', (lab, [h]) =>
    killIn(hostOf(lab, h), 'petter', (command) => /^\S*node .*petter\S*\.ts/.test(command)),
  ),
  'kill-nats': fault('H', 'kill -9 of nats-server', (lab, [h]) =>
    killIn(hostOf(lab, h), 'nats-server', (command) => /^\S*nats-server\b/.test(command)),
  ),
  'kill-libvirtd': fault('H', 'kill -9 of libvirtd; guests run on', (lab, [h]) =>
    killIn(hostOf(lab, h), 'libvirtd', isLibvirtd),
  ),
  'pause-libvirtd': fault('H', 'libvirtd stops where it is, and answers nobody', async (lab, [h]) =>
    signalIn(hostOf(lab, h), 'libvirtd', isLibvirtd, 'SIGSTOP'),
  ),
  'resume-libvirtd': fault('H', 'libvirtd goes on, if it is still there', async (lab, [h]) =>
    signalIn(hostOf(lab, h), 'libvirtd', isLibvirtd, 'SIGCONT'),
  ),
  'kill-qemu': fault('G', 'kill -9 of the QEMU of a guest', async (lab, [g]) => {
    const { pid } = instanceOf(lab, guestOf(g));
    signal(pid, 'SIGKILL');
    await ended(pid);
  }),
  panic: fault('G', "the guest's kernel panics", async (lab, [g]) => {
    const { pid } = instanceOf(lab, guestOf(g));
    await ask(guestOf(g), 'panic');
    await ended(pid);
  }),
  hang: fault(
    'G [inside]',
    'QEMU stops where it is; inside: all of the guest but its kernel does',
    async (lab, [g, inside]) => {
      const guest = guestOf(g);
      if (inside !== 'inside') return signal(instanceOf(lab, guest).pid, 'SIGSTOP');
      await ask(guest, 'hang');
      await until(`${guest.name} to fall silent`, 5_000, async () => ((await answers(guest)) ? undefined : true));
    },
  ),
  'crash-loop': fault('G', 'the guest panics, and again a second after each start', async (lab, [g]) => {
    const { pid } = instanceOf(lab, guestOf(g));
    await ask(guestOf(g), 'crash-loop');
    await ended(pid);
  }),
  calm: fault('G', 'the guest no longer panics when it starts', async (_lab, [g]) => {
    const disk = await open(guestOf(g).disk, 'r+');
    await disk.write(Buffer.alloc(CONTROL_SLOT_BYTES), 0, CONTROL_SLOT_BYTES, 0);
    await disk.sync();
    await disk.close();
  }),
  'disk-full': fault('H', 'nothing is left on the disk that holds the state of rekindled', async (lab, [h]) => {
    const { files } = hostOf(lab, h);
    const space = await statfs(files.state);
    const free = space.bfree * space.bsize;
    await sh('fallocate', ['-l', String(Math.max(free - 65_536, 4_096)), join(files.state, 'filler')]).catch(() => {});
    // To the last block: a write that fails is the proof.
    await sh('dd', ['if=/dev/zero', `of=${join(files.state, 'filler2')}`, 'bs=4k', 'conv=fsync']).then(
      () => Promise.reject(new Error('the disk does not fill up')),
      () => {},
    );
  }),
  'disk-free': fault('H', 'that disk has room again', async (lab, [h]) => {
    const { state } = hostOf(lab, h).files;
    await sh('rm', ['-f', join(state, 'filler'), join(state, 'filler2')]);
  }),
  'boot-deleted': without('all that was in /boot is gone', deleteBoot),
  'disk-wiped': without('its partition tables and the beginning of its root file system are zero', wipeDisk),
  'disk-replaced': without('its system disk is another one, empty, with another serial number', (machine) =>
    machine.replaceDisk(),
  ),
  'grub-broken': without('its boot loader stops half way', breakGrub),
  'disk-order': without('its firmware finds its two disks the other way round', (machine) => machine.swapDisks()),
  'clock-step': fault(
    'H SECONDS',
    'the wall clock rekindled sees jumps by so much (the first time, rekindled is killed to come back under that clock)',
    async (lab, [h, seconds]) => {
      const host = hostOf(lab, h);
      const step = numberOf(seconds, 'SECONDS');
      const clock = join(host.files.home, 'clock');
      if (!existsSync(clock)) {
        if (!(await sh('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketimeMT.so.1']).catch(() => ''))) {
          throw new Error('the clock cannot be stepped here: the package libfaketime is missing');
        }
        await writeFile(clock, '+0\n');
        await killIn(host, 'rekindled', isDaemon);
        await until('rekindled to come back', 15_000, () => existsSync(apiSocket(host)) || undefined);
      }
      await writeFile(clock, `${step < 0 ? '' : '+'}${step}\n`);
      await delay(CLOCK_SEEN_MS);
    },
  ),
};

export interface Done {
  readonly fault: string;
  readonly args: readonly string[];
  /** Epoch milliseconds just before it began. */
  readonly atMs: number;
  readonly tookMs: number;
}

export async function runFault(lab: Parts, name: string, args: readonly string[]): Promise<Done> {
  const found = Object.hasOwn(FAULTS, name) ? FAULTS[name] : undefined;
  if (!found) throw new Error(`no fault "${name}"; there are ${Object.keys(FAULTS).join(', ')}`);
  const atMs = Date.now();
  await found.run(lab, args);
  return { fault: name, args, atMs, tookMs: Date.now() - atMs };
}
