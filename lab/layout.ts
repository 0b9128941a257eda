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

export interface LabNode {
  readonly name: string;
  readonly kind: 'host' | 'arbiter';
  /** Last byte of its addresses. */
  readonly number: number;
  /** Address on the control network: the log, leases, commands. */
  readonly control: string;
  /** Address on the network of guests, BMCs and migration. */
  readonly data: string;
  readonly bmc: string;
}

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

export const LAYOUTS = {
  three: [node('h1', 'host', 11), node('h2', 'host', 12), node('h3', 'host', 13)],
  pair: [node('h1', 'host', 11), node('h2', 'host', 12), node('a1', 'arbiter', 14)],
} as const satisfies Record<string, readonly LabNode[]>;
export type LayoutName = keyof typeof LAYOUTS;

export function isLayout(name: string): name is LayoutName {
  return Object.hasOwn(LAYOUTS, name);
}

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
  };
}
