/**
 * The Debian of an image, as a tar made by mmdebstrap: the slow step, so its result is kept in the cache, and the
 * packages too. No file of it is older than what `fresh` fetched; nothing in it depends on this machine.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE_PACKAGES, KERNEL_PACKAGES, type Kernel, LEFT_OUT } from './packages.ts';
import type { Runner } from './tools.ts';

export interface BaseOptions {
  readonly kernel: Kernel;
  /** Debian packages beyond those a host needs. */
  readonly packages: readonly string[];
  readonly mirror: string | null;
  /** Directory of what is kept between builds. */
  readonly cache: string;
  /** Fetch the packages again although a tar of the same list is in the cache. */
  readonly fresh: boolean;
  /** Epoch seconds for what the packages' scripts make. */
  readonly epochS: number;
  readonly scratch: string;
}

export interface Base {
  readonly tar: string;
  /** When it was made, if it was in the cache already. */
  readonly madeAt: Date | null;
}

/** Of mmdebstrap. */
const MERGED_USR = '/usr/share/mmdebstrap/hooks/merged-usr';

/** Virtual machines need few drivers; for real ones the initramfs carries all that may hold the root disk. */
const initramfs = (kernel: Kernel) => `COMPRESS=zstd\nMODULES=${kernel === 'cloud' ? 'list' : 'most'}\n`;
const MODULES_HOOK = `#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules virtio_pci virtio_blk virtio_scsi sd_mod nvme ext4 crc32c_generic crc32c_intel
`;

export async function debianBase(run: Runner, options: BaseOptions): Promise<Base> {
  const { kernel, cache, mirror, scratch } = options;
  const packages = [...new Set([...BASE_PACKAGES, KERNEL_PACKAGES[kernel], ...options.packages])].sort();
  const asked = {
    packages,
    mirror,
    leftOut: LEFT_OUT,
    hooks: MERGED_USR,
    initramfs: initramfs(kernel),
    hook: MODULES_HOOK,
  };
  const key = createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
  const tar = join(cache, `debian-${key}.tar`);
  if (existsSync(tar) && !options.fresh) return { tar, madeAt: (await stat(tar)).mtime };

  const archives = join(cache, 'archives');
  await mkdir(archives, { recursive: true });
  const files = join(scratch, 'base');
  await mkdir(files, { recursive: true });
  await writeFile(join(files, 'initramfs.conf'), initramfs(kernel));
  await writeFile(join(files, 'modules'), MODULES_HOOK, { mode: 0o755 });
  const part = `${tar}.${process.pid}.part`;
  try {
    await run(
      'mmdebstrap',
      [
        '--variant=minbase',
        '--format=tar',
        ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'],
        ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
        `--include=${packages.join(' ')}`,
        // Or a package comes along that merges /usr once and needs all of Perl.
        `--hook-dir=${MERGED_USR}`,
        // What was downloaded once is not downloaded again.
        ...['--skip=download/empty', '--skip=essential/unlink'],
        '--setup-hook=mkdir -p "$1"/var/cache/apt/archives',
        `--setup-hook=sync-in ${archives} /var/cache/apt/archives`,
        '--essential-hook=mkdir -p "$1"/etc/initramfs-tools/conf.d "$1"/etc/initramfs-tools/hooks',
        `--essential-hook=copy-in ${join(files, 'modules')} /etc/initramfs-tools/hooks`,
        `--essential-hook=upload ${join(files, 'initramfs.conf')} /etc/initramfs-tools/conf.d/rekindle`,
        `--customize-hook=sync-out /var/cache/apt/archives ${archives}`,
        'bookworm',
        part,
        ...(mirror === null ? [] : [mirror]),
      ],
      { env: { SOURCE_DATE_EPOCH: String(options.epochS), TMPDIR: scratch } },
    );
    await rename(part, tar);
  } finally {
    await rm(part, { force: true });
  }
  return { tar, madeAt: null };
}
