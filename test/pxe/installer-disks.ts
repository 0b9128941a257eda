/** What disks of a machine under installation hold before, and what is written to the one. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { diskFile } from './installer-machine.ts';

const MIB = 1 << 20;
/** What the boot sector of the image says over the serial line. */
export const STARTED_BY_FIRMWARE = 'started by firmware';

/** Deterministic, and hard to compress. */
export const noise = (bytes: number, seed: string): Buffer =>
  Buffer.concat(
    Array.from({ length: bytes / 32 }, (_, index) => createHash('sha256').update(`${seed}${index}`).digest()),
  );

/** A physical volume of LVM at its start and metadata of DRBD at its end (as libblkid knows them), and noise. */
export function dataDisk(bytes: number): Buffer {
  const disk = Buffer.alloc(bytes);
  noise(2 * MIB, 'data').copy(disk, MIB);
  const label = Buffer.alloc(512);
  label.write('LABELONE');
  label.writeBigUInt64LE(1n, 8);
  label.writeUInt32LE(32, 20);
  label.write(`LVM2 001${'A'.repeat(32)}`, 24);
  // LVM's own start of a CRC-32 that is not inverted.
  label.writeUInt32LE(~crc32(label.subarray(20), ~0xf597a6cf >>> 0) >>> 0, 16);
  label.copy(disk, 512);
  const end = bytes - 4_096;
  disk.writeBigUInt64BE(60_000n, end);
  disk.write('12345678', end + 40);
  disk.writeUInt32BE(0x8374026b, end + 60);
  disk.writeUInt32BE(72, end + 64);
  disk.writeUInt32BE(4_096, end + 84);
  return disk;
}

/**
 * A disk as images are, made in the directory `place`: boot code, GPT with `rekindle-id` and a root file system that holds a
 * kernel, and data far behind. `built`: the installer's directory, `tree`: that of its programs.
 */
export function rawDisk(place: string, built: string, tree: string): Buffer {
  const file = join(place, 'raw');
  const root = join(place, 'root');
  mkdirSync(join(root, 'boot'), { recursive: true });
  writeFileSync(join(root, 'boot/vmlinuz'), readFileSync(join(built, 'vmlinuz')));
  writeFileSync(join(root, 'boot/initrd.img'), installedSystem(join(place, 'system'), tree));
  diskFile(file, 76 * MIB);
  execFileSync('sfdisk', ['-q', file], {
    input: 'label: gpt\nsize=8MiB, type=U, name=esp\nsize=1MiB, name=rekindle-id\nsize=40MiB, name=root\nname=data\n',
  });
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', root, '-E', `offset=${10 * MIB}`, file, '40M'], {
    stdio: 'ignore',
  });
  const raw = readFileSync(file);
  raw.set(bootSector());
  noise(2 * MIB, 'image').copy(raw, 70 * MIB);
  return raw;
}

/** mov dx, 3f8h; for each letter: mov al, LETTER; out dx, al; then hlt, for ever. */
function bootSector(): number[] {
  const letters = [...Buffer.from(`${STARTED_BY_FIRMWARE}\n`)].flatMap((letter) => [0xb0, letter, 0xee]);
  return [0xba, 0xf8, 0x03, ...letters, 0xf4, 0xeb, 0xfd];
}

/** What kexec starts: says so and switches off. */
function installedSystem(top: string, tree: string): Buffer {
  mkdirSync(join(top, 'bin'), { recursive: true });
  writeFileSync(join(top, 'bin/busybox'), readFileSync(join(tree, 'bin/busybox')), { mode: 0o755 });
  const init =
    '#!/bin/busybox sh\necho the installed system is up in $(/bin/busybox date -u +%Y)\n/bin/busybox poweroff -f\n';
  writeFileSync(join(top, 'init'), init, { mode: 0o755 });
  return execFileSync('sh', ['-c', `cd ${top} && find . | cpio -o -H newc --quiet`], { maxBuffer: 1 << 26 });
}
