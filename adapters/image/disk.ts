/**
 * The raw disk: GPT with a BIOS boot partition, an EFI system partition, `rekindle-id` and, last so that it can grow,
 * `root` (ext4). Made into a file: nothing is mounted, no loop device is needed.
 */
import { createHash } from 'node:crypto';
import { open, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IPXE, installForBios, type Kernel, makeGrub } from './grub.ts';
import type { Runner } from './tools.ts';

const MIB = 1_048_576;
const SECTORS = MIB / 512;
/** Least that FAT32 may have, with sectors of 512 bytes, and a little. */
const ESP_MIB = 36;
export const ROOT_PARTITION = 4;

const TYPES = {
  bios: '21686148-6449-6E6F-744E-656564454649',
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  data: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  root: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
};

/** The same for the same name and version: a disk that holds another build is never taken for this one. */
export function guid(image: string, part: string): string {
  const hex = createHash('sha256').update(`rekindle image\n${image}\n${part}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export interface DiskOptions {
  /** Name and version. */
  readonly image: string;
  /** Directory that becomes the root file system, and its size. */
  readonly tree: string;
  readonly rootMiB: number;
  readonly kernel: Kernel;
  readonly disk: string;
  readonly scratch: string;
  readonly epochS: number;
}

/** Resolves to the bytes of the disk. */
export async function makeDisk(run: Runner, options: DiskOptions): Promise<number> {
  const { image, disk, scratch, epochS, rootMiB } = options;
  const starts = { bios: 1, esp: 2, id: 2 + ESP_MIB, root: 3 + ESP_MIB };
  const bytes = (starts.root + rootMiB + 1) * MIB;
  const file = await open(disk, 'w');
  await file.truncate(bytes);
  await file.close();

  const line = (start: number, mib: number, type: string, name: string) =>
    `start=${start * SECTORS}, size=${mib * SECTORS}, type=${type}, name="${name}", uuid=${guid(image, name)}`;
  const table = [
    'label: gpt',
    `label-id: ${guid(image, 'disk')}`,
    'unit: sectors',
    line(starts.bios, 1, TYPES.bios, 'bios'),
    line(starts.esp, ESP_MIB, TYPES.esp, 'esp'),
    line(starts.id, 1, TYPES.data, 'rekindle-id'),
    line(starts.root, rootMiB, TYPES.root, 'root'),
  ];
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', disk], { input: `${table.join('\n')}\n` });

  const loader = await makeGrub(run, { kernel: options.kernel, rootPartition: ROOT_PARTITION, scratch, epochS });
  await installForBios(disk, loader, { start: starts.bios * SECTORS, sectors: SECTORS });

  const sourceDate = { SOURCE_DATE_EPOCH: String(epochS) };
  const esp = join(scratch, 'esp.fat');
  // No label: it would carry the time of now.
  const fat = ['-F', '32', '-s', '1', '-i', guid(image, 'esp').slice(0, 8)];
  await run('mkfs.fat', [...fat, '-C', esp, String(ESP_MIB * 1024)], { env: sourceDate });
  await run('mmd', ['-i', esp, '::/EFI', '::/EFI/BOOT'], { env: sourceDate });
  for (const [from, to] of [
    [loader.efi, 'BOOTX64.EFI'],
    [loader.ipxe, IPXE],
  ] as const) {
    await utimes(from, epochS, epochS);
    await run('mcopy', ['-m', '-i', esp, from, `::/EFI/BOOT/${to}`], { env: sourceDate });
  }
  await run('dd', [`if=${esp}`, `of=${disk}`, 'bs=1M', `seek=${starts.esp}`, 'conv=notrunc,sparse', 'status=none']);

  await makeRoot(run, options, starts.root);
  return bytes;
}

/** Where in the disk it lies, as e2fsprogs want it. */
const within = (disk: string, startMiB: number) => `${disk}?offset=${startMiB * MIB}`;

async function makeRoot(run: Runner, { image, tree, rootMiB, disk, scratch, epochS }: DiskOptions, startMiB: number) {
  const env = { E2FSPROGS_FAKE_TIME: String(epochS) };
  const options = [
    ...['-q', '-F', '-t', 'ext4', '-b', '4096', '-i', '16384', '-m', '1', '-L', 'root'],
    // Without what GRUB's reader does not know.
    ...['-O', '^metadata_csum_seed,^orphan_file', '-J', 'size=16', '-U', guid(image, 'root file system')],
    ...['-E', `offset=${startMiB * MIB},root_owner=0:0,hash_seed=${guid(image, 'hash')},lazy_itable_init=0`],
  ];
  await run('mke2fs', [...options, '-d', tree, disk, `${rootMiB}M`], { env });
  // mke2fs copies the times of the files, and no call of the kernel sets that of a file's last change.
  const lines = ['/', ...(await paths(tree, '/'))].flatMap((path) =>
    ['atime', 'ctime', 'mtime'].map((field) => `set_inode_field "${path}" ${field} @${epochS}`),
  );
  const commands = join(scratch, 'times');
  await writeFile(commands, `${lines.join('\n')}\n`);
  await run('debugfs', ['-w', '-f', commands, within(disk, startMiB)], { env });
}

/** Of everything in a directory of the tree, as they are in the image. Names with quotes are passed over. */
async function paths(tree: string, directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(tree, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!path.includes('"')) found.push(path);
    if (entry.isDirectory()) found.push(...(await paths(tree, path)));
  }
  return found;
}
