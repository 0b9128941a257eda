/**
 * The guests that may run on bare machines of the lab: a boot sector each. A guest with an operating system boots for
 * two minutes on a machine that is itself emulated, these in two seconds. Their disks are served over the data network
 * (NBD), so that every host reaches them, whatever it is made of; their boots and beats are read from those disks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabNode, run, shared } from './layout.ts';

export interface TinyGuest {
  readonly name: string;
  /** The bare machine it prefers, and whether it may run elsewhere. */
  readonly prefers: string;
  readonly elsewhere: boolean;
  readonly port: number;
  readonly disk: string;
}

const tiny = (number: number, prefers: string, elsewhere = false): TinyGuest => ({
  name: `g${number}`,
  prefers,
  elsewhere,
  port: 10_804 + number,
  disk: join(shared, `g${number}.raw`),
});
/** On the first machine one that goes elsewhere when that is lost, and on each one that waits for it. */
const TINY_GUESTS: readonly TinyGuest[] = [
  tiny(5, 'b1', true),
  tiny(6, 'b1'),
  tiny(7, 'b2'),
  tiny(8, 'b3'),
  tiny(9, 'b4'),
];
export const tinyGuestsOf = (nodes: readonly Pick<LabNode, 'name'>[]): readonly TinyGuest[] =>
  TINY_GUESTS.filter(({ prefers }) => nodes.some(({ name }) => name === prefers));
export const TINY_MEMORY_MIB = 32;
/** Name of that storage in the cluster file. */
export const NBD = 'nbd';

/** scripts/tiny-guest.s, assembled. */
const SECTOR =
  'ea057c000031c08ed88ec08ed0bc007c8816767cfbb442e8400066ff06047e66c706087e00000000be777cac84c07406baf803eeebf566ff06087e66' +
  'c706007e524b4231b443e811008b1e6c0483c312f4a16c0429d878f8ebdcb0008a16767cbe667ccd13c310000100007e000001000000000000000067' +
  '756573742072756e730d0a';

/** At `address` and the guest's port. */
export async function serveTinyGuest(guest: TinyGuest, address: string): Promise<ChildProcess> {
  const disk = await open(guest.disk, 'w+');
  await disk.truncate(1024 * 1024);
  await disk.write(Buffer.from(SECTOR, 'hex'), 0);
  await disk.write(Buffer.from([0x55, 0xaa]), 0, 2, 510);
  await disk.close();
  const log = openSync(join(run, 'nbd.log'), 'a');
  const server = spawn(
    'qemu-nbd',
    [
      ...['--persistent', '--shared=8', '--format=raw', `--bind=${address}`, `--port=${guest.port}`],
      ...['--export-name', guest.name, guest.disk],
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  return server;
}

/** How often it has started, and its beats since then. */
export function readTinyGuest(guest: TinyGuest): { readonly boots: number; readonly beats: number } {
  const bytes = Buffer.alloc(12);
  const disk = openSync(guest.disk, 'r');
  readSync(disk, bytes, 0, 12, 512);
  closeSync(disk);
  return { boots: bytes.readUInt32LE(4), beats: bytes.readUInt32LE(8) };
}

export const tinyDefinition = (guest: TinyGuest, server: string): string => `<domain type='qemu'>
  <name>${guest.name}</name>
  <uuid>77000000-0000-4000-9000-0000000${guest.port}</uuid>
  <memory unit='MiB'>${TINY_MEMORY_MIB}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='allow'>qemu64</model></cpu>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source protocol='nbd' name='${guest.name}'><host name='${server}' port='${guest.port}'/></source>
      <target dev='vda' bus='virtio'/>
    </disk>
    <serial type='pty'><target port='0'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
`;
