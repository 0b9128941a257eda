/**
 * A bare machine of the lab: a QEMU (without KVM) that has its own firmware, disks and network interfaces, and nothing
 * of this machine's. It boots from its disk, and from the network when its BMC was told so or its disk does not boot.
 * It is switched on and off like the other hosts, and like them loses all that was not on its disks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { until } from './exec.ts';
import type { Host } from './host.ts';
import { DATA_DISK_MIB, filesOf, type LabNode, MACHINE_DISK_MIB } from './layout.ts';
import { type Network, portOf } from './network.ts';
import { signal } from './processes.ts';

const MIB = 1024 * 1024;
const OVMF = '/usr/share/OVMF';
const MEMORY_MIB = 1_536;

export type Machine = ReturnType<typeof createMachine>;

export const isMachine = (host: Host): host is Machine => 'setBootNext' in host;

/** `nodeMachine`: the node must be a machine. */
export function createMachine(node: LabNode, network: Network, say: (what: string) => void) {
  const about = node.machine;
  if (!about) throw new Error(`${node.name} is no machine`);
  const files = filesOf(node);
  let qemu: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();
  let powered = false;
  let why = 'never switched on';
  let resets = 0;
  /** What the BMC was told: of the next start only. */
  let bootNext: 'network' | null = null;
  /** Which of its disks the firmware finds first. */
  let swapped = false;
  /** Of its system disk: another one after a replacement. */
  let serial = about.disk;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next.catch(() => {});
    return next;
  };

  async function prepare(): Promise<void> {
    for (const directory of [files.home, files.logs, files.bmc]) await mkdir(directory, { recursive: true });
    await emptyDisk(files.disk, MACHINE_DISK_MIB);
    await emptyDisk(files.dataDisk, DATA_DISK_MIB);
    const data = await open(files.dataDisk, 'r+');
    // Something that a hash can tell from a disk that was touched.
    await data.write(Buffer.from(`data of ${node.name}\n`.repeat(4_096)), 0, undefined, MIB);
    await data.close();
    if (about?.firmware === 'uefi') await copyFile(`${OVMF}/OVMF_VARS_4M.fd`, files.nvram);
  }

  function commandLine(network: boolean): string[] {
    const disk = (id: string, file: string, serial: string, order: number) => [
      ...['-drive', `file=${file},format=raw,if=none,id=${id},discard=unmap,detect-zeroes=unmap`],
      ...['-device', `virtio-blk-pci,drive=${id},serial=${serial}${order ? `,bootindex=${order}` : ''}`],
    ];
    const nic = (wire: 'control' | 'data', order: number) => [
      ...['-netdev', `tap,id=${wire},ifname=${portOf(node, wire)},script=no,downscript=no`],
      // A UEFI has a driver of its own and no need of a boot ROM; the BIOS's is on the interface that it boots from.
      ...[
        '-device',
        `virtio-net-pci,netdev=${wire},mac=${about!.macs[wire]}${order && about!.firmware === 'bios' ? '' : ',romfile='}${order ? `,bootindex=${order}` : ''}`,
      ],
    ];
    const system = disk('system', files.disk, serial, network ? 2 : 1);
    const data = disk('data', files.dataDisk, about!.dataDisk, 0);
    return [
      ...['-n', '10', 'qemu-system-x86_64', '-name', node.name, '-uuid', about!.uuid, '-nodefaults', '-no-user-config'],
      ...[
        '-machine',
        'q35,graphics=off',
        '-accel',
        // The buffer of translated code is emptied when it is full: with the gigabyte that QEMU takes by itself what the
        // installer ran is still there after kexec, and each write to its former pages is slow (15 s of a first boot).
        'tcg,thread=multi,tb-size=256',
        '-cpu',
        'max,la57=off',
        '-smp',
        String(about!.cores),
      ],
      ...['-m', String(MEMORY_MIB), '-display', 'none', '-vga', 'none', '-rtc', 'base=utc'],
      // A reset ends this process, so that what the BMC was told holds for one start and no other.
      ...['-no-reboot', '-action', 'watchdog=reset', '-device', 'i6300esb'],
      ...['-qmp', `unix:${files.qmp},server=on,wait=off`],
      ...[
        '-chardev',
        `file,id=console,path=${join(files.logs, 'console.log')},append=on`,
        '-serial',
        'chardev:console',
      ],
      ...(about!.firmware === 'bios'
        ? []
        : [
            ...['-drive', `if=pflash,format=raw,readonly=on,file=${OVMF}/OVMF_CODE_4M.fd`],
            ...['-drive', `if=pflash,format=raw,file=${files.nvram}`],
            // Or each boot over IPv4 that fails is tried over IPv6 for a minute.
            ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
          ]),
      ...['-object', 'rng-random,id=random,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=random'],
      ...(swapped ? [...data, ...system] : [...system, ...data]),
      ...nic('control', network ? 1 : 2),
      ...nic('data', 0),
    ];
  }

  async function boot(): Promise<void> {
    if (qemu) return;
    powered = true;
    const fromNetwork = bootNext === 'network';
    bootNext = null;
    await network.attach(node);
    rmSync(files.qmp, { force: true });
    const log = openSync(join(files.logs, 'qemu.log'), 'a');
    const child = spawn('nice', commandLine(fromNetwork), { stdio: ['ignore', log, log] });
    closeSync(log);
    qemu = child;
    let because: 'guest-reset' | 'guest-shutdown' | 'unknown' = 'unknown';
    let watchdog = false;
    gone = new Promise((resolve) =>
      child.once('exit', () => {
        resolve();
        if (qemu !== child) return;
        qemu = undefined;
        if (watchdog) resets += 1;
        if (watchdog) say(`${node.name}: its watchdog was not petted and resets it`);
        if (because === 'guest-reset' || watchdog) {
          say(`${node.name} reboots`);
          void inTurn(async () => {
            if (powered && !qemu) await boot();
          }).catch((error: unknown) => say(`${node.name} did not boot: ${error}`));
          return;
        }
        say(`${node.name} is off: ${because}`);
        powered = false;
        why = because === 'unknown' ? 'its emulator ended' : 'it switched itself off';
      }),
    );
    say(`${node.name} boots from ${fromNetwork ? 'the network' : 'its disk'}`);
    await until(`the emulator of ${node.name}`, 5_000, () => {
      if (child.exitCode !== null) throw new Error(`${node.name} did not start: see ${files.logs}/qemu.log`);
      return existsSync(files.qmp) || undefined;
    });
    listen(files.qmp, (event, reason) => {
      if (event === 'WATCHDOG') watchdog = true;
      if (event === 'SHUTDOWN' && (reason === 'guest-reset' || reason === 'guest-shutdown')) because = reason;
    });
  }

  async function kill(because: string): Promise<void> {
    const child = qemu;
    qemu = undefined;
    await network.unplug(node);
    if (child?.pid) signal(child.pid, 'SIGKILL');
    await gone;
    powered = false;
    why = because;
    await network.detach(node);
  }

  function powerOn(because: string): Promise<void> {
    powered = true;
    why = because;
    return inTurn(boot);
  }

  const machine = {
    node,
    files,
    prepare,
    powered: () => powered,
    init: () => undefined,
    processes: () => [],
    why: () => why,
    resets: () => resets,
    /** Its firmware takes the time it takes. */
    powerOn: (_afterMs = 0, because = 'power is there') => powerOn(because),
    powerOff: (because: string) => inTurn(() => kill(because)),
    reset: (because: string) =>
      inTurn(async () => {
        await kill(because);
        void powerOn('it boots again').catch((error: unknown) => say(`${node.name} did not boot: ${error}`));
      }),
    async freeze(): Promise<void> {
      if (qemu?.pid) signal(qemu.pid, 'SIGSTOP');
    },
    thaw(): void {
      if (qemu?.pid) signal(qemu.pid, 'SIGCONT');
    },
    /** What a BMC shows and sets. */
    bootNext: () => bootNext,
    setBootNext: (device: 'network' | null) => {
      bootNext = device;
    },
    swapDisks: () => {
      swapped = !swapped;
    },
    /** An empty disk with another serial in place of its own. */
    async replaceDisk(): Promise<void> {
      serial = `${about.disk}-${Date.now() % 100_000}`;
      await emptyDisk(files.disk, MACHINE_DISK_MIB);
    },
  } satisfies Host & Record<string, unknown>;
  return machine;
}

async function emptyDisk(file: string, mib: number): Promise<void> {
  rmSync(file, { force: true });
  const disk = await open(file, 'w', 0o600);
  await disk.truncate(mib * MIB);
  await disk.close();
}

/** QEMU's monitor tells why it ends, just before it does. */
function listen(path: string, onEvent: (event: string, reason: string | undefined) => void): void {
  const monitor = createConnection(path);
  let text = '';
  monitor.setEncoding('utf8');
  monitor.on('error', () => {});
  monitor.on('data', (chunk: string) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const said = JSON.parse(line) as { QMP?: object; event?: string; data?: { reason?: string } };
      if (said.QMP) monitor.write('{"execute":"qmp_capabilities"}\n');
      else if (said.event) onEvent(said.event, said.data?.reason);
    }
  });
}
