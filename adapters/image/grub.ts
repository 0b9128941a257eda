/**
 * GRUB made into the disk's file for BIOS and UEFI, without devices. Its whole configuration is inside, so that nothing
 * on the disk but kernel and initramfs is needed. When these are missing the machine asks for a network boot instead of
 * waiting at a prompt: a BIOS goes on to its next boot device; a UEFI would stop in its menu, and gets an iPXE of ours.
 */
import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../services/errors.ts';
import type { Runner } from './tools.ts';

const LIBRARY = '/usr/lib/grub';
const MODULES = ['memdisk', 'tar', 'normal', 'part_gpt', 'ext2', 'linux', 'test', 'regexp', 'minicmd', 'echo'];

/** For UEFI, beside GRUB: asks on every network card, and ends when nobody tells it what to boot. */
export const IPXE = 'ipxe.efi';
const IPXE_FROM = '/usr/lib/ipxe/ipxe.efi';

export interface Kernel {
  /** Paths in the root file system. */
  readonly kernel: string;
  readonly initrd: string;
  readonly cmdline: string;
}

/** The disk is the one GRUB itself came from: another one may hold an older image with the same labels. */
const configuration = ({ kernel, initrd, cmdline }: Kernel, rootPartition: number) => `\
set timeout=0
set pager=0
regexp --set=1:disk '^\\(([^,)]+)' "$cmdpath"
set root="$disk,gpt${rootPartition}"
if [ -f ${kernel} -a -f ${initrd} ]; then
  linux ${kernel} ${cmdline}
  initrd ${initrd}
  boot
fi
echo "rekindle: no kernel on this disk"
if [ "$grub_platform" = efi ]; then
  for try in 1 2 3 4 5 6 7 8; do
    chainloader "$cmdpath/${IPXE}"
    boot
  done
fi
exit
`;

export interface Loader {
  /** Both for BIOS: the first sector, and what it loads. */
  readonly boot: Buffer;
  readonly core: Buffer;
  /** For UEFI: file to be EFI/BOOT/BOOTX64.EFI. */
  readonly efi: string;
  /** For UEFI: file to be EFI/BOOT/ipxe.efi. */
  readonly ipxe: string;
}

export async function makeGrub(
  run: Runner,
  what: { kernel: Kernel; rootPartition: number; scratch: string; epochS: number },
): Promise<Loader> {
  const { scratch } = what;
  await mkdir(join(scratch, 'boot/grub'), { recursive: true });
  await writeFile(join(scratch, 'boot/grub/grub.cfg'), configuration(what.kernel, what.rootPartition));
  const memdisk = join(scratch, 'grub.tar');
  await run('tar', [
    ...['--format=ustar', '--owner=0', '--group=0', '--numeric-owner', '--mode=0755', `--mtime=@${what.epochS}`],
    ...['-cf', memdisk, '-C', scratch, 'boot/grub/grub.cfg'],
  ]);
  const image = async (format: string, out: string, modules: readonly string[]) => {
    const file = join(scratch, out);
    const places = ['-d', join(LIBRARY, format), '-p', '(memdisk)/boot/grub', '-m', memdisk, '-o', file];
    await run('grub-mkimage', ['-O', format, ...places, ...MODULES, ...modules]);
    return file;
  };
  const core = await readFile(await image('i386-pc', 'core.img', ['biosdisk']));
  const efi = await image('x86_64-efi', 'BOOTX64.EFI', ['fat', 'chain']);
  const ipxe = join(scratch, IPXE);
  await copyFile(IPXE_FROM, ipxe).catch((cause) =>
    fail('IMAGE_TOOL_MISSING', { tool: 'ipxe', package: 'ipxe' }, cause),
  );
  try {
    return { boot: await readFile(join(LIBRARY, 'i386-pc/boot.img')), core, efi, ipxe };
  } catch (cause) {
    return fail('IMAGE_TOOL_MISSING', { tool: 'grub', package: 'grub-pc-bin' }, cause);
  }
}

const SECTOR = 512;
/** Fields of GRUB 2's boot.img and diskboot.img: include/grub/i386/pc/boot.h of its sources. */
const KERNEL_SECTOR = 0x5c;
const DRIVE_CHECK = 0x66;
const BOOT_CODE = 0x1b8;
const FIRST_BLOCK = SECTOR - 12;

/** Writes boot code into the first sector, its partition table kept, and GRUB into the BIOS boot partition. */
export async function installForBios(
  disk: string,
  { boot, core }: Loader,
  partition: { start: number; sectors: number },
) {
  if (core.length > partition.sectors * SECTOR)
    fail('IMAGE_NOT_BUILT', { step: 'grub', reason: `${core.length} bytes do not fit into its partition` });
  const first = Buffer.from(boot.subarray(0, BOOT_CODE));
  first.writeBigUInt64LE(BigInt(partition.start), KERNEL_SECTOR);
  // Two no-operations: take the drive as the BIOS gives it only if it is a hard disk, as grub-bios-setup does.
  first.writeUInt16LE(0x9090, DRIVE_CHECK);
  const rest = Buffer.from(core);
  rest.writeBigUInt64LE(BigInt(partition.start + 1), FIRST_BLOCK);
  const file = await open(disk, 'r+');
  try {
    await file.write(first, 0, first.length, 0);
    await file.write(rest, 0, rest.length, partition.start * SECTOR);
  } finally {
    await file.close();
  }
}
