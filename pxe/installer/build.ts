import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, zstdCompressSync } from 'node:zlib';
import { cpio, type Entry } from './cpio.ts';
import { neededLibraries } from './elf.ts';
import { pemOfNkey } from './keys.ts';
import { modules } from './modules.ts';
import { kernelPackage, unpacked, withLibraries } from './packages.ts';

const sources = fileURLToPath(new URL('.', import.meta.url));

/** Debian packages → programs taken from them. Libraries follow from what the programs name. */
const PROGRAMS: Record<string, readonly string[]> = {
  bash: ['bin/bash'],
  'busybox-static': ['bin/busybox'],
  coreutils: ['bin/dd', 'usr/bin/tee'],
  curl: ['usr/bin/curl'],
  diffutils: ['usr/bin/cmp'],
  efibootmgr: ['bin/efibootmgr'],
  fdisk: ['sbin/sfdisk'],
  jq: ['usr/bin/jq'],
  'kexec-tools': ['sbin/kexec'],
  kmod: ['bin/kmod'],
  openssl: ['usr/bin/openssl'],
  'util-linux': ['sbin/blkdiscard', 'sbin/blkid', 'sbin/blockdev', 'sbin/wipefs'],
  zstd: ['usr/bin/zstd'],
};
const APPLETS =
  'awk base64 cat chmod cp cut date dirname dmesg env find grep head hostname hwclock ip kill ln ls mkdir mkfifo mount mv nproc od poweroff reboot rm sed seq sh sha256sum sleep sort stat strings sync tail tar taskset test timeout tr truncate udhcpc umount uname uniq wc xargs'.split(
    ' ',
  );
/** Where Debian keeps libraries. The first is the program interpreter's place too. */
const LIBRARIES = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'lib64'];
const INTERPRETER = 'ld-linux-x86-64.so.2';
/** Of the kernel's own decompressor: 8 MiB of window is what it takes everywhere. */
const WINDOW_LOG = 23;

export interface InstallerBuild {
  /** Directory that gets `vmlinuz` and `initrd.img`. */
  readonly out: string;
  readonly cluster: string;
  /** Name to public key (nkey, `U…`) of every node of the cluster: the only ones whose answers are believed. */
  readonly nodeKeys: Readonly<Record<string, string>>;
  /** Name to public key (nkey, `U…`) of those whose signature makes an image ours. */
  readonly imageKeys: Readonly<Record<string, string>>;
  /** For downloads, kept between builds, and for unpacking. */
  readonly workDir: string;
  /** `generic` has the drivers of servers, `cloud` those of virtual machines only, and is half the size. Default generic. */
  readonly kernel?: 'generic' | 'cloud';
}

/**
 * Builds kernel and initramfs of the installer from Debian's packages. The same packages and keys give the same bytes.
 * Needs apt-get, dpkg-deb and depmod; no root. Throws with what to do.
 */
export function buildInstaller({
  out,
  cluster,
  nodeKeys,
  imageKeys,
  workDir,
  kernel = 'generic',
}: InstallerBuild): void {
  const meta = kernel === 'cloud' ? 'linux-image-cloud-amd64' : 'linux-image-amd64';
  const names = [kernelPackage(meta), ...withLibraries(Object.keys(PROGRAMS))];
  const tree = unpacked(names, join(workDir, 'packages'), join(workDir, `tree-${kernel}`));
  const entries = [
    ...programs(tree),
    ...modules(tree, join(workDir, `modules-${kernel}`)),
    ...scripts(),
    ...keys('nodes', nodeKeys),
    ...keys('images', imageKeys),
    file('installer/nodes.json', Buffer.from(`${JSON.stringify(nodeKeys)}\n`)),
    file('installer/cluster', Buffer.from(cluster)),
    ...['dev', 'proc', 'sys', 'run', 'tmp', 'mnt', 'sbin'].map((path): Entry => ({ kind: 'directory', path })),
  ];
  const vmlinuz = readdirSync(join(tree, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (vmlinuz === undefined) throw new Error(`${names[0]} has no kernel in boot/`);
  mkdirSync(out, { recursive: true });
  replace(join(out, 'vmlinuz'), readFileSync(join(tree, 'boot', vmlinuz)));
  replace(join(out, 'initrd.img'), compressed(cpio(entries)));
}

const file = (path: string, content: Buffer, executable = false): Entry => ({
  kind: 'file',
  path,
  content,
  executable,
});

function programs(tree: string): Entry[] {
  const chosen = Object.values(PROGRAMS)
    .flat()
    .map((path) => ({ path: `bin/${basename(path)}`, content: readFileSync(join(tree, path)) }));
  const libraries = new Map<string, Buffer>();
  const add = (name: string) => {
    if (libraries.has(name)) return;
    const found = LIBRARIES.map((place) => join(tree, place, name)).find(existsSync);
    if (found === undefined) throw new Error(`no library ${name} among the packages of the installer`);
    const content = readFileSync(found);
    libraries.set(name, content);
    for (const needed of neededLibraries(content)) add(needed);
  };
  for (const { content } of chosen) for (const name of neededLibraries(content)) add(name);
  const link = (path: string, target: string): Entry => ({ kind: 'link', path, target });
  return [
    ...chosen.map(({ path, content }) => file(path, content, true)),
    ...[...libraries].map(([name, content]) => file(`lib/x86_64-linux-gnu/${name}`, content, true)),
    link(`lib64/${INTERPRETER}`, `../lib/x86_64-linux-gnu/${INTERPRETER}`),
    link('bin/modprobe', 'kmod'),
    ...APPLETS.map((name) => link(`bin/${name}`, 'busybox')),
  ];
}

/** `init` is the kernel's first process; the rest is read by it from /installer. */
const scripts = (): Entry[] =>
  readdirSync(sources)
    .filter((name) => /\.(sh|jq)$/.test(name))
    .map((name) => file(name === 'init.sh' ? 'init' : `installer/${name}`, readFileSync(join(sources, name)), true));

const keys = (kind: 'nodes' | 'images', named: Readonly<Record<string, string>>): Entry[] =>
  Object.entries(named).map(([name, nkey]) => file(`installer/${kind}/${name}.pem`, Buffer.from(pemOfNkey(nkey))));

const compressed = (archive: Buffer): Buffer =>
  zstdCompressSync(archive, {
    params: { [constants.ZSTD_c_compressionLevel]: 9, [constants.ZSTD_c_windowLog]: WINDOW_LOG },
  });

/** Whoever serves the file never sees half of it. */
function replace(path: string, content: Buffer): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}
