/** Guests of 512 bytes: a boot sector each, so that a test need not boot Linux to see a guest do something. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** What a guest does once the firmware has handed over (about half a second after its start). */
const PROGRAMS = {
  /** Enables the ACPI power button, sleeps until it is pressed, then powers off. */
  polite: [
    0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef, 0xfb, 0xf4, 0xba, 0x00, 0x06, 0xed, 0xf6, 0xc4, 0x01, 0x74, 0xf5, 0xba,
    0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd,
  ],
  /** Hears nothing: sleeps with interrupts on, for ever. */
  deaf: [0xfb, 0xf4, 0xeb, 0xfc],
  /** Changes 128 pages of its memory eighteen times a second, so that a migration slower than that never ends. */
  // biome-ignore format: code
  dirties: [0xfb, 0xf4, 0xb8, 0x00, 0x10, 0x8e, 0xc0, 0x31, 0xff, 0x26, 0xff, 0x05, 0x81, 0xc7, 0x00, 0x10, 0x75, 0xf7, 0x05, 0x00, 0x10,
    0x3d, 0x00, 0x90, 0x72, 0xeb, 0xeb, 0xe5],
  /** Tells pvpanic (port 0x505) that its kernel has panicked. */
  panics: [0xba, 0x05, 0x05, 0xb0, 0x01, 0xee, 0xf4, 0xeb, 0xfd],
  /** Powers off by itself. */
  leaves: [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd],
  /** Writes 32 KiB after 32 KiB to its disk through the firmware (int 13h, function 43h), from sector 64 on. */
  // biome-ignore format: code, then the address packet it hands over
  writes: [0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x15, 0x7c, 0xb8, 0x00, 0x43, 0xb2, 0x80, 0xcd, 0x13, 0x83, 0x06, 0x1d, 0x7c, 0x40, 0xeb, 0xef,
    0x10, 0x00, 0x40, 0x00, 0x00, 0x7e, 0x00, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0],
} as const;
export type Program = keyof typeof PROGRAMS;

/** A sparse disk of 16 MiB that boots into `program`. */
export function makeDisk(file: string, program: Program): void {
  const sector = Buffer.alloc(512);
  sector.set(PROGRAMS[program]);
  sector.writeUInt16LE(0xaa55, 510);
  const disk = openSync(file, 'w');
  writeSync(disk, sector);
  ftruncateSync(disk, 16 * 1024 * 1024);
  closeSync(disk);
}

export function domainXml(guest: string, disk: string): string {
  return `<domain type='qemu'>
  <name>${guest}</name>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='allow'>qemu64</model></cpu>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='writethrough' error_policy='stop'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='none'/><panic model='isa'/>
  </devices>
</domain>`;
}
