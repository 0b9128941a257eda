/** The root file system as a directory: Debian, less what nobody uses, and what makes it a host of Rekindle. */
import { existsSync } from 'node:fs';
import { chmod, cp, glob, lstat, mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../services/errors.ts';
import { MODULES_PRUNED, PRUNED } from './packages.ts';
import type { Runner } from './tools.ts';

/** Started at boot, below etc/systemd/system. */
const ENABLED: Readonly<Record<string, string>> = {
  'multi-user.target.wants/systemd-networkd.service': '/lib/systemd/system/systemd-networkd.service',
  'sockets.target.wants/systemd-networkd.socket': '/lib/systemd/system/systemd-networkd.socket',
  'network-online.target.wants/systemd-networkd-wait-online.service':
    '/lib/systemd/system/systemd-networkd-wait-online.service',
  'timers.target.wants/systemd-timesyncd.timer': '/etc/systemd/system/systemd-timesyncd.timer',
  'default.target': '/lib/systemd/system/multi-user.target',
  // Not in sockets.target, which the enrolment comes after.
  'multi-user.target.wants/libvirtd-tls.socket': '/lib/systemd/system/libvirtd-tls.socket',
  'multi-user.target.wants/rekindled.service': '/etc/systemd/system/rekindled.service',
  'multi-user.target.wants/rekindle-enrol.service': '/etc/systemd/system/rekindle-enrol.service',
};
/** Started by Debian in the path of all others; here by the timer. */
const NOT_AT_ONCE = ['sysinit.target.wants/systemd-timesyncd.service'];
/** Never started. Nobody can log in, so nothing asks for a name; guests are Rekindle's alone to start and stop. */
const MASKED = [
  ...['getty.target', 'getty-static.service', 'getty@.service', 'serial-getty@.service', 'libvirt-guests.service'],
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer'],
  ...['e2scrub_reap.service', 'systemd-firstboot.service', 'systemd-pstore.service', 'machines.target'],
  ...['systemd-user-sessions.service', 'systemd-update-utmp.service', 'systemd-update-utmp-runlevel.service'],
  ...['systemd-ask-password-console.path', 'systemd-ask-password-wall.path', 'systemd-initctl.socket'],
  // What is mounted, or loaded, for programs that are not there.
  ...['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-kernel-config.mount', 'dev-mqueue.mount'],
  ...['sys-fs-fuse-connections.mount', 'proc-sys-fs-binfmt_misc.automount', 'systemd-fsckd.socket'],
  ...['modprobe@drm.service', 'modprobe@dm_mod.service', 'modprobe@loop.service'],
];
/** Of systemd: they look for what no image has, one process each. */
const GENERATORS_MASKED = [
  'getty',
  'gpt-auto',
  'hibernate-resume',
  'integritysetup',
  'run',
  'system-update',
  'veritysetup',
];
/** Of udev, for devices that a host has no use for. Each is read, and asked about each device, at every start. */
const RULES_MASKED = [
  ...['60-autosuspend', '60-cdrom_id', '60-drm', '60-evdev', '60-fido-id', '60-persistent-alsa', '60-persistent-input'],
  ...['60-persistent-storage-tape', '60-persistent-v4l', '60-sensor', '60-serial', '64-btrfs', '70-camera'],
  ...['70-joystick', '70-memory', '70-mouse', '70-touchpad', '70-uaccess', '71-seat', '73-seat-late'],
  ...['75-probe_mtd', '78-sound-card', '85-hwclock', '96-e2scrub'],
];

export interface TreeOptions {
  readonly base: string;
  readonly tree: string;
  /** Directory whose files are copied over: packaging/image of the installation. */
  readonly overlay: string;
  readonly unit: string;
  /** Path in the image → file of this machine. */
  readonly files: Readonly<Record<string, string>>;
}

/** Resolves to the version of the kernel. */
export async function makeTree(run: Runner, { base, tree, overlay, unit, files }: TreeOptions): Promise<string> {
  await mkdir(tree, { recursive: true, mode: 0o755 });
  await run('tar', ['-xpf', base, '-C', tree, '--numeric-owner', '--xattrs', '--xattrs-include=*']);
  for (const pattern of PRUNED) await remove(tree, pattern);

  const [version] = await readdir(join(tree, 'lib/modules'));
  if (version === undefined) return fail('IMAGE_NOT_BUILT', { step: 'kernel', reason: 'Debian has brought none' });
  for (const path of MODULES_PRUNED) {
    await rm(join(tree, 'lib/modules', version, 'kernel', path), { recursive: true, force: true });
  }
  await run('chroot', [tree, 'depmod', version]);
  // One name for every version, for the boot loader and for kexec.
  for (const name of ['vmlinuz', 'initrd.img'])
    await cp(join(tree, `boot/${name}-${version}`), join(tree, 'boot', name));
  for (const name of ['vmlinuz', 'initrd.img']) await rm(join(tree, `boot/${name}-${version}`));

  await cp(overlay, tree, { recursive: true });
  await cp(unit, join(tree, 'etc/systemd/system/rekindled.service'));
  const system = join(tree, 'etc/systemd/system');
  for (const name of NOT_AT_ONCE) await rm(join(system, name), { force: true });
  for (const name of MASKED) await link(join(system, name), '/dev/null');
  for (const name of GENERATORS_MASKED)
    await link(join(tree, `etc/systemd/system-generators/systemd-${name}-generator`), '/dev/null');
  for (const name of RULES_MASKED) await link(join(tree, `etc/udev/rules.d/${name}.rules`), '/dev/null');
  for (const [name, target] of Object.entries(ENABLED)) await link(join(system, name), target);
  await link(join(tree, 'etc/resolv.conf'), '../run/systemd/resolve/stub-resolv.conf');
  // Empty: made at the first boot, and different on every host.
  await writeFile(join(tree, 'etc/machine-id'), '');
  await mkdir(join(tree, 'var/log/journal'), { recursive: true });
  // Nothing in /usr is newer than these: what systemd does after an update of /usr was done by the packages.
  for (const directory of ['etc', 'var']) await writeFile(join(tree, directory, '.updated'), '');

  for (const [path, source] of Object.entries(files)) {
    if (!existsSync(source)) fail('IMAGE_NOT_BUILT', { step: 'include-file', reason: `${source} is not there` });
    const directory = dirname(join(tree, path));
    let there = directory;
    while (!existsSync(there)) there = dirname(there);
    // A link in the image leads out of it while it is built: var/run is /run of this machine.
    if (!`${await realpath(there)}/`.startsWith(`${await realpath(tree)}/`))
      fail('IMAGE_NOT_BUILT', { step: 'include-file', reason: `/${path} lies behind a link; name where it leads` });
    await mkdir(directory, { recursive: true });
    await cp(source, join(tree, path), { recursive: true });
  }
  await chmod(tree, 0o755);
  return version;
}

async function remove(tree: string, pattern: string): Promise<void> {
  for await (const path of glob(pattern, { cwd: tree })) await rm(join(tree, path), { recursive: true, force: true });
}

async function link(path: string, target: string): Promise<void> {
  await rm(path, { force: true, recursive: true });
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}

/** MiB of an ext4 that holds it, with room for what a first boot writes before the file system has grown. */
export async function sizeMiB(tree: string): Promise<number> {
  let blocks = 0;
  const add = async (directory: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) await add(path);
      blocks += entry.isFile() ? Math.ceil((await lstat(path)).size / 4_096) : 1;
    }
  };
  await add(tree);
  const inodes = blocks / 4 / 16;
  return Math.ceil(((blocks + inodes) * 1.02) / 256) + 16 + 48;
}
