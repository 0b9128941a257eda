/**
 * What a cluster is meant to be: the parsed, checked content of the cluster file. It travels inside the log
 * (`cluster.configured`), so a replay needs nothing else. It never holds a secret: those are named by file.
 */
import { z } from 'zod';
import { PROFILES } from './times.ts';

/** Names become subjects, file names and libvirt domain names: letters, digits, dash; no shell or NATS meta character. */
export const nameSchema = z
  .string()
  .regex(
    /^(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
    'use 1 to 40 of a-z, 0-9 and "-", not starting or ending with "-"',
  );

const ms = z.number().int().positive();
const count = z.number().int().min(0);

export const timesSchema = z.strictObject({
  heartbeatMs: ms,
  suspectMs: ms,
  leaseMs: ms,
  watchdogMs: ms,
  quiesceMs: ms,
  leaderLeaseMs: ms,
});

export const resourcesSchema = z.strictObject({
  memoryMiB: z.number().int().positive(),
  vcpus: z.number().positive(),
});
export type Resources = z.infer<typeof resourcesSchema>;

/** Ways of one level are tried side by side, those of the next only when every one before has failed. */
const level = z.number().int().min(1).max(9).optional();
/** Between the two readings that prove off; see R2; less than 1000 only where measured. */
const readingsApartMs = ms.default(1_000);

const ipmi = z.strictObject({
  kind: z.literal('ipmi'),
  level,
  address: z.string().min(1),
  port: z.number().int().min(1).max(65535).default(623),
  user: z.string().min(1),
  passwordFile: z.string().min(1),
  cipherSuite: z.number().int().min(0).max(17).optional(),
  /** `device`: its BMC shows the boot device only, not whether that is valid, for one boot and for this firmware. */
  bootReadBack: z.enum(['full', 'device']).optional(),
  readingsApartMs,
  timeoutMs: ms.default(5_000),
});

const LOOPBACK = /^http:\/\/(?:127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?\/?$/;

const redfish = z
  .strictObject({
    kind: z.literal('redfish'),
    level,
    /** Origin only: `https://10.0.9.11`. Without TLS only on a loopback address, for tests. */
    url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => new URL(url).origin === url.replace(/\/$/, ''), 'write it without a path: https://10.0.9.11'),
    /** SHA-256 of the BMC's certificate, as `openssl x509 -fingerprint -sha256` prints it. */
    certificate: z
      .string()
      .regex(/^(?:[0-9a-fA-F]{2}:?){32}$/, 'write the SHA-256 fingerprint: 64 hexadecimal digits')
      .optional(),
    /** UUID, serial number or path of the system. Needed where the BMC has several: position tells nothing. */
    system: z.string().min(1).max(256).optional(),
    user: z.string().min(1),
    passwordFile: z.string().min(1),
    readingsApartMs,
    timeoutMs: ms.default(20_000),
  })
  .refine(({ url, certificate }) => (url.startsWith('https:') ? certificate !== undefined : LOOPBACK.test(url)), {
    message: 'use https and add "certificate", the SHA-256 fingerprint of the BMC\'s certificate',
    path: ['url'],
  });

const fenceAgent = z.strictObject({
  kind: z.literal('fence-agent'),
  level,
  agent: z.string().regex(/^fence_[a-z0-9_]+$/, 'name a fence agent of Debian: fence_…'),
  parameters: z.record(z.string(), z.string()).default({}),
  /** Parameter name to the file whose first line is its value. */
  secretFiles: z.record(z.string(), z.string()).default({}),
  readingsApartMs,
  timeoutMs: ms.default(20_000),
});

/** How the power of a host is cut and read, by one switch. */
const waySchema = z.discriminatedUnion('kind', [ipmi, redfish, fenceAgent]);
export type PowerWay = z.infer<typeof waySchema>;

/** Off only while all of its ways are off together: the outlets of a host with two power supplies. */
const all = z.strictObject({
  kind: z.literal('all'),
  level,
  ways: z
    .array(waySchema)
    .min(2)
    .max(8)
    .refine(
      (ways) => ways.every((way) => way.level === undefined),
      'give the level to the whole, not to one of its ways',
    ),
});

export const powerSchema = z.discriminatedUnion('kind', [ipmi, redfish, fenceAgent, all]);
export type PowerSpec = z.infer<typeof powerSchema>;
export type IpmiSpec = Extract<PowerWay, { kind: 'ipmi' }>;
export type RedfishSpec = Extract<PowerWay, { kind: 'redfish' }>;
export type FenceAgentSpec = Extract<PowerWay, { kind: 'fence-agent' }>;

/** The single switches it is made of. */
export const waysOf = (power: PowerSpec): readonly PowerWay[] => (power.kind === 'all' ? power.ways : [power]);

export const watchdogSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('device'), path: z.string().default('/dev/watchdog') }),
  /** A process that stops the machine; it listens on this Unix socket. */
  z.strictObject({ kind: z.literal('process'), socket: z.string() }),
  z.strictObject({ kind: z.literal('none') }),
]);
export type WatchdogSpec = z.infer<typeof watchdogSchema>;

const node = {
  address: z.string().min(1),
  /** Where live migrations to this host go, if not to its address. */
  migrationAddress: z.string().min(1).optional(),
  /** Its address in the provisioning network, where its `address` is in another. */
  provisioningAddress: z.ipv4().optional(),
  /** Failure domain: what fails together (rack, site). Default: the node itself. */
  domain: nameSchema.optional(),
};

const mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'write a MAC as 52:54:00:ab:cd:ef, in small letters');

/** A disk by what does not move between boots. Names like sda do. */
export const diskIdSchema = z
  .strictObject({ serial: z.string().min(1).max(128).optional(), wwn: z.string().min(1).max(128).optional() })
  .refine(
    ({ serial, wwn }) => serial !== undefined || wwn !== undefined,
    'name the disk by its serial, its wwn or both',
  );
export type DiskId = z.infer<typeof diskIdSchema>;

/** What tells this machine from all others, and what of it a reinstallation may write to. */
export const machineSchema = z.strictObject({
  /** Of the interfaces it may boot from. One known MAC and, where given, the UUID must match. */
  macs: z.array(mac).min(1).max(8),
  /** SMBIOS system UUID. */
  uuid: z.uuid().toLowerCase().optional(),
  firmware: z.enum(['bios', 'uefi']).default('uefi'),
  /** Its firmware tries the network only after its disk: asked for, a network boot means that the disk does not start. */
  bootOrder: z.literal('disk-first').optional(),
  /** The one disk that is written. Exactly one disk of the machine must match. */
  disk: diskIdSchema,
  /** Disks that must be there, and are never written. All others are never written either. */
  dataDisks: z.array(diskIdSchema).max(64).default([]),
  /** Permits a blank disk in place of `disk`, if it is the only blank one: a replaced disk has another serial. */
  adoptBlank: z.boolean().default(false),
  /** Image it gets, if not the cluster's. */
  image: nameSchema.optional(),
});
export type MachineSpec = z.infer<typeof machineSchema>;

export const hostSchema = z.strictObject({
  ...node,
  capacity: resourcesSchema,
  storage: z.array(nameSchema).default([]),
  power: z.array(powerSchema).default([]),
  watchdog: watchdogSchema.default({ kind: 'none' }),
  /** Needed for its reinstallation over the network. */
  machine: machineSchema.optional(),
  /** Given back, it stays switched off until guests find room nowhere else. */
  spare: z.boolean().optional(),
});
export type HostSpec = z.infer<typeof hostSchema>;

export const arbiterSchema = z.strictObject(node);

export const probeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('agent'), everyMs: ms.default(2_000), misses: z.number().int().min(1).default(5) }),
  z.strictObject({
    kind: z.literal('tcp'),
    address: z.string(),
    port: z.number().int().min(1).max(65535),
    everyMs: ms.default(2_000),
    misses: z.number().int().min(1).default(5),
  }),
  z.strictObject({
    kind: z.literal('http'),
    url: z.url(),
    everyMs: ms.default(2_000),
    misses: z.number().int().min(1).default(5),
  }),
]);
export type ProbeSpec = z.infer<typeof probeSchema>;

/** One rung of a recovery ladder: so many tries within so long, waiting `backoffMs`, doubled each time, between them. */
export const rungSchema = z.strictObject({
  tries: count,
  withinMs: ms.default(600_000),
  backoffMs: count.default(1_000),
});

export const guestLadderSchema = z.strictObject({
  inPlace: rungSchema.default({ tries: 3, withinMs: 600_000, backoffMs: 1_000 }),
  relocate: rungSchema.default({ tries: 2, withinMs: 600_000, backoffMs: 1_000 }),
  /** Reinstalling a guest loses its disk: only where this says so. */
  reinstall: z.enum(['never', 'allowed']).default('never'),
});
export type GuestLadder = z.infer<typeof guestLadderSchema>;

export const hostLadderSchema = z.strictObject({
  repair: rungSchema.default({ tries: 2, withinMs: 600_000, backoffMs: 2_000 }),
  powerCycle: rungSchema.default({ tries: 2, withinMs: 3_600_000, backoffMs: 5_000 }),
  /** Giving power to a host whose switches do not answer: some eight hours, for a BMC often dies with its host. */
  powerOn: rungSchema.default({ tries: 100, withinMs: 86_400_000, backoffMs: 5_000 }),
  reinstall: z.enum(['never', 'allowed']).default('never'),
  /** A power-cycled host that has not rejoined after this long has used up its try. */
  rejoinWithinMs: ms.default(600_000),
});
export type HostLadder = z.infer<typeof hostLadderSchema>;

/** How machines are installed over the network. */
export const provisioningSchema = z.strictObject({
  /** IPv4 network they boot on. A node that has an address in it answers there. */
  network: z.cidrv4(),
  /** TCP port of boot scripts, images and the installer's requests, on that address only. */
  port: z.number().int().min(1).max(65535).default(8474),
  image: nameSchema,
  /** Name to public key (nkey, `U…`) of those whose signature makes an image ours. */
  imageKeys: z.record(nameSchema, z.string().regex(/^U[A-Z2-7]{55}$/)),
  /** Hosts that may be in reinstallation at once, and reinstallations begun in 24 h, over the whole cluster. */
  atOnce: z.number().int().min(1).default(1),
  perDay: z.number().int().min(1).default(4),
  /** Network boots for one reinstallation before it has failed. */
  tries: z.number().int().min(1).max(10).default(3),
  /** A reinstallation that a person asked for waits so long for a veto. */
  announceMs: count.default(30_000),
  /** From power on to the boot loader's first request: power-on self test included. Until a host has a history. */
  bootWithinMs: ms.default(360_000),
  /** Without a byte of progress for so long, the installer hangs. */
  stallMs: ms.default(15_000),
  /** From the installer's farewell to the registration of the installed host. */
  firstBootWithinMs: ms.default(300_000),
});
export type ProvisioningSpec = z.infer<typeof provisioningSchema>;

/**
 * What a guest's disk is made anew from, when its ladder comes to that: an image, or an installation from the network. Which of the
 * keys go together is checked with the cluster file (adapters/config/guests.ts). All that was on the disk is lost.
 */
export const rebuildSchema = z.strictObject({
  /** The file of its disk, as the definition names it. It is replaced as a whole, so a block device cannot be. */
  disk: z.string().regex(/^\/(?!dev\/)[^,]+$/, 'write the absolute path of a file'),
  /** Image, raw or qcow2, at this path on every host that reaches its storage. */
  from: z
    .string()
    .regex(/^\/[^,]+$/, 'write the absolute path of an image')
    .optional(),
  /** Of the disk: that of the definition's driver. */
  format: z.enum(['qcow2', 'raw']).default('qcow2'),
  /** Of the bytes of `from`: another is not taken. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Instead of `from`: an empty disk, and one start from the first network card, whose own boot server installs the guest. */
  network: z.literal(true).optional(),
  /** Of the empty disk; without it as large as the one before. */
  sizeMiB: z.number().int().min(1).optional(),
  /** An installation that has not ended by then has failed. */
  timeoutMs: ms.min(1_000).optional(),
});
/** `timeoutMs` of an installation from the network where the cluster file does not say. */
export const INSTALL_TIMEOUT_MS = 1_800_000;
export type RebuildSpec = z.infer<typeof rebuildSchema>;

export const guestSchema = z.strictObject({
  /** libvirt domain XML; its `<name>` is the guest's name. */
  definition: z.string(),
  resources: resourcesSchema,
  /** Higher starts first. */
  priority: z.number().int().min(0).max(1_000).default(100),
  storage: z.array(nameSchema).default([]),
  /** Where to run when nothing speaks against it. */
  prefers: nameSchema.optional(),
  /** Guests to share a host with / to keep away from. */
  together: z.array(nameSchema).default([]),
  apart: z.array(nameSchema).default([]),
  /** Hosts it may run on; empty: any. */
  hosts: z.array(nameSchema).default([]),
  ladder: guestLadderSchema.default(() => guestLadderSchema.parse({})),
  /** Needed where its ladder allows `reinstall`. */
  rebuild: rebuildSchema.optional(),
  probes: z.array(probeSchema).default([]),
  /** Healthy this long after a start before a probe's silence counts (the guest boots). */
  bootGraceMs: ms.default(60_000),
  /** On lease loss: `pause`, or `quit` where the storage enforces locks on a paused QEMU. */
  onQuiesce: z.enum(['pause', 'quit']).default('pause'),
  desired: z.enum(['running', 'stopped']).default('running'),
});
export type GuestSpec = z.infer<typeof guestSchema>;

export const specSchema = z.strictObject({
  cluster: nameSchema,
  profile: z.enum(Object.keys(PROFILES) as [keyof typeof PROFILES, ...(keyof typeof PROFILES)[]]),
  /** The profile's times with any overrides applied. */
  times: timesSchema,
  /** 1, 3 or 5 node names. */
  voters: z.array(nameSchema).min(1).max(5),
  hosts: z.record(nameSchema, hostSchema),
  arbiters: z.record(nameSchema, arbiterSchema).default({}),
  guests: z.record(nameSchema, guestSchema).default({}),
  hostLadder: hostLadderSchema.default(() => hostLadderSchema.parse({})),
  provisioning: provisioningSchema.optional(),
  /** Name to public key (nkey, `U…`) of each person whose signature counts. */
  operators: z.record(nameSchema, z.string().regex(/^U[A-Z2-7]{55}$/)).default({}),
});
export type ClusterSpec = z.infer<typeof specSchema>;
