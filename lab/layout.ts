/** What the lab is made of: names, addresses, files. Everything else in lab/ derives from this page. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
export const scripts = join(project, 'lab/scripts');
/** Kept between runs: guest kernel and initramfs, libvirt's capability probes. */
export const cache = join(project, '.lab/cache');
/** Wiped by every `up`. Another one (LAB_RUN) is another lab: they share nothing but the machine. */
export const run = process.env.LAB_RUN ?? join(project, '.lab/run');
export const shared = join(run, 'shared');
export const socket = join(run, 'lab.sock');

export const CLUSTER = 'lab';

export type Firmware = 'bios' | 'uefi';

/** What tells one bare machine from another. */
export interface LabMachine {
  readonly firmware: Firmware;
  readonly cores: number;
  /** SMBIOS system UUID. */
  readonly uuid: string;
  readonly macs: Readonly<Record<'control' | 'data', string>>;
  /** Serial numbers of its two disks: of the system, and of data that nobody may touch. */
  readonly disk: string;
  readonly dataDisk: string;
}

export interface LabNode {
  readonly name: string;
  /** A host is a set of namespaces and has this machine's file system; a machine is a QEMU that has only what its disk holds. */
  readonly kind: 'host' | 'arbiter' | 'machine';
  /** Last byte of its addresses. */
  readonly number: number;
  /** Address on the control network: the log, leases, commands. */
  readonly control: string;
  /** Address on the network of guests, BMCs and migration. */
  readonly data: string;
  readonly bmc: string;
  readonly machine?: LabMachine;
  /** May stand switched off until guests find room nowhere else. */
  readonly spare?: true;
}

/** As the cluster file says it. */
export const addressesOf = ({ control, data }: Pick<LabNode, 'control' | 'data'>) => ({
  address: control,
  migrationAddress: data,
});

export interface LabGuest {
  readonly name: string;
  readonly number: number;
  readonly address: string;
  readonly prefers: string;
  readonly disk: string;
}

const node = (name: string, kind: LabNode['kind'], number: number): LabNode => ({
  name,
  kind,
  number,
  control: `10.78.0.${number}`,
  data: `10.77.0.${number}`,
  bmc: `10.77.0.${100 + number}`,
});

const machine = (number: number, firmware: Firmware, cores = 2): LabNode => ({
  ...node(`b${number - 14}`, 'machine', number),
  machine: {
    firmware,
    cores,
    uuid: `77000000-0000-4000-8000-0000000000${number}`,
    macs: { control: `52:54:00:78:00:${number}`, data: `52:54:00:77:01:${number}` },
    disk: `LABSYS${number}`,
    dataDisk: `LABDATA${number}`,
  },
});

const three = [node('h1', 'host', 11), node('h2', 'host', 12), node('h3', 'host', 13)];

export const LAYOUTS = {
  three,
  pair: [node('h1', 'host', 11), node('h2', 'host', 12), node('a1', 'arbiter', 14)],
  spare: [...three, { ...node('h4', 'host', 14), spare: true }],
  metal: [...three, machine(15, 'uefi')],
  'metal-bios': [...three, machine(15, 'bios')],
  // One core each: emulated cores that wait for each other spend the time that real ones lack.
  'metal-four': [
    ...three,
    machine(15, 'uefi', 1),
    machine(16, 'bios', 1),
    machine(17, 'uefi', 1),
    machine(18, 'bios', 1),
  ],
} as const satisfies Record<string, readonly LabNode[]>;
export type LayoutName = keyof typeof LAYOUTS;

export function isLayout(name: string): name is LayoutName {
  return Object.hasOwn(LAYOUTS, name);
}

/** With bare machines. */
export const isMetal = (name: LayoutName): boolean => LAYOUTS[name].some(({ machine }) => machine);

const guest = (number: number, prefers: string): LabGuest => ({
  name: `g${number}`,
  number,
  address: `10.77.0.${20 + number}`,
  prefers,
  disk: join(shared, `g${number}.raw`),
});

/** Three guests on the host that is usually lost, one elsewhere that must not notice. */
export const GUESTS: readonly LabGuest[] = [guest(1, 'h1'), guest(2, 'h1'), guest(3, 'h1'), guest(4, 'h2')];

export const GUEST_MEMORY_MIB = 128;
/** 64 MiB hold about three and a half hours of records. */
export const DISK_BYTES = 64 * 1024 * 1024;

/** Of a bare machine; both are sparse. */
export const MACHINE_DISK_MIB = 4_096;
export const DATA_DISK_MIB = 64;

/** Files of one node that outlive its boots. */
export function filesOf(node: LabNode) {
  const home = join(run, 'hosts', node.name);
  return {
    home,
    /** Mounted at /var/lib/rekindle. */
    state: join(home, 'state'),
    etc: join(home, 'etc'),
    libvirt: join(home, 'libvirt'),
    /** On disk, to be read from outside and after the lab has ended. */
    logs: join(run, 'logs', node.name),
    bootId: join(home, 'boot-id'),
    watchdog: join(home, 'watchdog.sock'),
    bmc: join(home, 'bmc'),
    /** Of a machine: its disks and its firmware's memory. */
    disk: join(home, 'disk.raw'),
    dataDisk: join(home, 'data.raw'),
    nvram: join(home, 'nvram.fd'),
    qmp: join(home, 'qmp.sock'),
  };
}
