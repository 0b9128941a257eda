/**
 * What can happen to the disks of a bare machine, done to their files while it has no power. The partitions are those
 * of the lab's image: an EFI system partition `esp`, for BIOS one named `bios`, and `root`, an ext4.
 */
import { open, stat } from 'node:fs/promises';
import { z } from 'zod';
import { sh } from './exec.ts';
import type { Machine } from './machine.ts';

const SECTOR = 512;
const MIB = 1024 * 1024;

const tableSchema = z.object({
  partitiontable: z.object({
    partitions: z.array(z.object({ start: z.number(), size: z.number(), name: z.string().optional() })),
  }),
});

interface Partition {
  readonly from: number;
  readonly bytes: number;
}

/** Rejects when the disk has no such partition, as before its first installation. */
async function partition(disk: string, name: string): Promise<Partition> {
  const { partitiontable } = tableSchema.parse(JSON.parse(await sh('sfdisk', ['--json', disk])));
  const found = partitiontable.partitions.find((one) => one.name === name);
  if (!found) throw new Error(`${disk} has no partition named ${name}`);
  return { from: found.start * SECTOR, bytes: found.size * SECTOR };
}

/** Without a file system driver: debugfs reads and writes ext4 by itself, at an offset. */
const inRoot = (disk: string, { from }: Partition, command: string) =>
  sh('debugfs', ['-w', '-R', command, `${disk}?offset=${from}`]);

/** Everything below /boot, as by `rm -rf /boot/*`. */
export async function deleteBoot({ files }: Machine): Promise<void> {
  const root = await partition(files.disk, 'root');
  // What the power cut left in its journal is brought home first, as a start would. 1: it has corrected something.
  await sh('e2fsck', ['-y', `${files.disk}?offset=${root.from}`]).catch(() => {});
  const listed = async () =>
    (await inRoot(files.disk, root, 'ls -p /boot'))
      .split('\n')
      .map((line) => line.split('/')[5])
      .filter((name): name is string => name !== undefined && !['', '.', '..'].includes(name));
  const before = await listed();
  if (before.length === 0) throw new Error(`/boot of ${files.disk} is empty already`);
  for (const name of before) await inRoot(files.disk, root, `rm /boot/${name}`).catch(() => {});
  const left = (await listed()).filter((name) => name.startsWith('vmlinuz') || name.startsWith('initrd'));
  if (left.length > 0) throw new Error(`still in /boot: ${left.join(', ')}`);
}

/**
 * Both partition tables, which are in the first and the last MiB, and the beginning of the root file system with its
 * superblock and the inodes of everything that boots.
 */
export async function wipeDisk({ files }: Machine): Promise<void> {
  const root = await partition(files.disk, 'root');
  await overwrite(files.disk, root.from, Buffer.alloc(Math.min(64 * MIB, root.bytes)));
  await overwrite(files.disk, 0, Buffer.alloc(MIB));
  await overwrite(files.disk, (await stat(files.disk)).size - MIB, Buffer.alloc(MIB));
}

/** In the configuration of GRUB, each by as many characters: it finds neither kernel nor iPXE to start, and waits at its prompt. */
const BROKEN = [
  ['  linux /', '  lnuxx /'],
  ['    chainloader ', '    chainlaoder '],
  ['\nexit\n', '\n    \n'],
] as const;

/** The EFI partition is there, and what it starts stops half way: it falls through to nothing. */
export async function breakGrub({ files, node }: Machine): Promise<void> {
  if (node.machine?.firmware === 'bios') {
    const core = await partition(files.disk, 'bios');
    // An endless loop where the boot sector jumps to.
    return overwrite(files.disk, core.from, Buffer.from([0xeb, 0xfe]));
  }
  const esp = await partition(files.disk, 'esp');
  const disk = await open(files.disk, 'r+');
  try {
    const bytes = Buffer.alloc(esp.bytes);
    await disk.read(bytes, 0, esp.bytes, esp.from);
    for (const [what, instead] of BROKEN) {
      const at = bytes.indexOf(what);
      if (at < 0) throw new Error(`no "${what.trim()}" in the boot loader on the EFI partition of ${files.disk}`);
      await disk.write(Buffer.from(instead), 0, instead.length, esp.from + at);
    }
  } finally {
    await disk.close();
  }
}

async function overwrite(file: string, at: number, bytes: Buffer): Promise<void> {
  const disk = await open(file, 'r+');
  await disk.write(bytes, 0, bytes.length, at);
  await disk.close();
}
