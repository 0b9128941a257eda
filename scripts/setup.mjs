// Makes this machine able to run Rekindle from its sources: npm packages, Debian packages, a nats-server that can be
// trusted. Says what it installs, nothing when all is there. Plain JavaScript: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Debian package → a file that shows it is there: a command, or a path that may have one `*` for a directory. */
const PACKAGES = {
  'libvirt-daemon-system': 'libvirtd',
  'libvirt-clients': 'virsh',
  'libvirt-daemon-driver-qemu': '/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so',
  'qemu-system-x86': 'qemu-system-x86_64',
  'qemu-utils': 'qemu-img',
  openipmi: 'ipmi_sim',
  ipmitool: 'ipmitool',
  'fence-agents': 'fence_ipmilan',
  'python3-pyghmi': 'fakebmc',
  redfishtool: 'redfishtool',
  iproute2: 'ip',
  iptables: 'iptables',
  'dnsmasq-base': 'dnsmasq',
  ipxe: '/usr/lib/ipxe/snponly.efi',
  kmod: 'depmod',
  cpio: 'cpio',
  'xz-utils': 'xz',
  curl: 'curl',
  openssl: 'openssl',
  procps: 'pgrep',
  'util-linux': 'nsenter',
  e2fsprogs: 'mke2fs',
  mmdebstrap: 'mmdebstrap',
  fdisk: 'sfdisk',
  dosfstools: 'mkfs.fat',
  mtools: 'mcopy',
  'grub-common': 'grub-mkimage',
  'grub-pc-bin': '/usr/lib/grub/i386-pc/boot.img',
  'grub-efi-amd64-bin': '/usr/lib/grub/x86_64-efi/moddep.lst',
  zstd: 'zstd',
  binutils: 'strip',
  ovmf: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  libfaketime: '/usr/lib/*/faketime/libfaketimeMT.so.1',
};

const SEARCHED = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function present(what) {
  if (!what.startsWith('/')) return SEARCHED.some((directory) => executable(join(directory, what)));
  const [before, after] = what.split('/*/');
  if (after === undefined) return existsSync(before);
  return existsSync(before) && readdirSync(before).some((name) => existsSync(join(before, name, after)));
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function run(command, args, env = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  if (done.status === 0) return done.stdout;
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${command} ${args.join(' ')} failed${done.error ? `: ${done.error.message}` : ''}\n${said}`);
}

function npmPackages() {
  const installed = join(root, 'node_modules/.package-lock.json');
  const wanted = join(root, 'package-lock.json');
  const current = existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;
  if (current && executable(join(root, 'node_modules/.bin/node'))) return;
  console.log('Installing npm packages (npm ci), half a minute or so ...');
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

/** Returns what is missing and could not be installed. */
function debianPackages() {
  const missing = Object.keys(PACKAGES).filter((name) => !present(PACKAGES[name]));
  if (missing.length === 0) return [];
  if (process.getuid() !== 0 || !present('apt-get')) return missing;
  console.log(`Installing Debian packages: ${missing.join(', ')} ...`);
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['-qq', 'update'], quiet);
  run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...missing], quiet);
  return missing.filter((name) => !present(PACKAGES[name]));
}

function natsServer() {
  if (executable(join(root, '.tools/nats-server'))) return;
  console.log('Fetching a nats-server that is new enough from Debian, without installing it ...');
  run('sh', ['scripts/install-nats-server.sh']);
}

/** Throws with what went wrong. Returns Debian packages that only root could have installed. */
export function setup() {
  npmPackages();
  const missing = debianPackages();
  natsServer();
  return missing;
}

/** What to tell a person about packages that could not be installed. */
export const remedy = (missing) => `Missing Debian packages. As root: apt-get install ${missing.join(' ')}`;

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const missing = setup();
    if (missing.length > 0) throw new Error(remedy(missing));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
