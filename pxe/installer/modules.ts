import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry } from './cpio.ts';

/** Drivers of disks and network cards that need no firmware file. What a flavour lacks (cloud has few) is left out. */
const DISKS =
  'ahci ata_piix ata_generic nvme sd_mod virtio_blk virtio_scsi vmw_pvscsi mptspi megaraid_sas mpt3sas aacraid hpsa smartpqi usb_storage uas xhci_pci ehci_pci hv_storvsc';
const NETWORK =
  'virtio_net e1000 e1000e igb igc ixgbe i40e ice tg3 bnxt_en mlx4_en mlx5_core r8169 be2net sfc atlantic vmxnet3 ena hv_netvsc';
const OTHER = 'virtio_pci virtio_rng ext4 crc32c_generic crc32c_intel efivarfs';
/** Without these it could not even be tried. */
const NEEDED = ['virtio_net', 'virtio_blk', 'ext4'];
/** What modprobe reads. */
const INDEXES = ['modules.dep.bin', 'modules.alias.bin', 'modules.softdep', 'modules.builtin.bin'];

/** Of the one kernel in `tree`: the drivers above with all they depend on, indexed for modprobe. `work` is overwritten. */
export function modules(tree: string, work: string): Entry[] {
  const base = join(tree, 'lib/modules');
  const [version, ...others] = readdirSync(base);
  if (version === undefined || others.length > 0) throw new Error(`expected the modules of one kernel in ${base}`);
  if (!existsSync(join(base, version, 'modules.dep'))) execFileSync('depmod', ['-b', tree, version]);
  rmSync(work, { recursive: true, force: true });
  const copy = (path: string) => {
    mkdirSync(dirname(join(work, 'lib/modules', version, path)), { recursive: true });
    copyFileSync(join(base, version, path), join(work, 'lib/modules', version, path));
  };
  const chosen = choose(join(base, version));
  for (const path of [...chosen, 'modules.builtin', 'modules.builtin.modinfo', 'modules.order']) copy(path);
  execFileSync('depmod', ['-b', work, version]);
  return [...chosen, ...INDEXES].map((path) => ({
    kind: 'file',
    path: `lib/modules/${version}/${path}`,
    content: readFileSync(join(work, 'lib/modules', version, path)),
    executable: false,
  }));
}

function choose(kernel: string): string[] {
  const lines = (file: string) => readFileSync(join(kernel, file), 'utf8').split('\n').filter(Boolean);
  /** depmod lists the whole closure of each. */
  const closures = lines('modules.dep').map((line) => line.split(/:? /).map((path) => path.replace(/:$/, '')));
  const byName = new Map(closures.map((paths) => [nameOf(paths[0]!), paths]));
  const builtIn = new Set(lines('modules.builtin').map(nameOf));
  const lacking = NEEDED.filter((name) => !byName.has(name) && !builtIn.has(name));
  if (lacking.length > 0) throw new Error(`the kernel in ${kernel} has no ${lacking.join(', ')}`);
  const wanted = `${DISKS} ${NETWORK} ${OTHER}`.split(' ');
  return [...new Set(wanted.flatMap((name) => byName.get(name) ?? []))].sort();
}

const nameOf = (path: string): string =>
  path
    .replace(/^.*\//, '')
    .replace(/\.ko.*$/, '')
    .replaceAll('-', '_');
