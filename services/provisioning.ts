/**
 * What a machine under installation and the controllers say to each other, with the schema each message is parsed by.
 *
 * The machine speaks HTTP to any controller on the provisioning network; that one passes the request to the leader (bus
 * address `provision.<node>`), who decides on the state and writes the entry. docs/decisions/0016 tells why each step is
 * safe.
 *
 *   POST /v1/install   body: one request below as JSON. Answer: one answer below as JSON, with the header
 *                      `rekindle-signature`: NODE SIGNATURE, the Ed25519 signature (base64) of `answerTo` by the node's
 *                      own key. The installer believes only keys built into it.
 */
import { z } from 'zod';
import {
  digestSchema as digest,
  inventorySchema,
  macSchema as mac,
  modeSchema,
  targetSchema,
} from '../machines/machine-facts.ts';
import { sha256 } from '../machines/reinstall-plan.ts';
import { diskIdSchema } from '../machines/spec.ts';

const name = z.string().max(64);
const int = z.number().int().min(0);
const text = z.string().max(4_096);
const base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/]+=*$/)
  .max(1_024);

/** Of one boot of one machine: `job` is the id of the intent, `attempt` counts its network boots from 1. */
const of = { job: z.string().max(96), attempt: int };
/** Requests after `hello` are signed by the installer's own key: header `rekindle-signature`, over the body's bytes. `n` rises. */
const signed = { ...of, n: int };

export const installRequestSchema = z.discriminatedUnion('kind', [
  /** The boot loader asks; the controller fills this in from its query. Answered once per attempt. */
  z.strictObject({ kind: z.literal('boot'), mac, uuid: z.string().max(64).nullable() }),
  /** `token`: from the kernel's command line, good for this one request. `key`: public Ed25519 key made in RAM, 32 bytes. */
  z.strictObject({
    kind: z.literal('hello'),
    ...of,
    token: z.string().max(128),
    key: base64,
    inventory: inventorySchema,
  }),
  /** Asked immediately before the first destructive byte. */
  z.strictObject({ kind: z.literal('commit'), ...signed, disk: diskIdSchema, manifest: digest }),
  /** Every 2 s, and never an entry of the log. */
  z.strictObject({ kind: z.literal('progress'), ...signed, phase: name, bytes: int, of: int }),
  /** The image is on the disk and verified, and the disk can boot. */
  z.strictObject({ kind: z.literal('sealed'), ...signed, manifest: digest, bytes: int, tookMs: int }),
  /** A dry run or a rescue is over. `report`: what it measured or collected, bounded. */
  z.strictObject({ kind: z.literal('finished'), ...signed, report: z.record(name, text) }),
  /** Before it reboots or kexecs. */
  z.strictObject({ kind: z.literal('bye'), ...signed, how: z.enum(['kexec', 'reboot', 'power-off']) }),
  z.strictObject({ kind: z.literal('failed'), ...signed, phase: name, reason: text, log: text }),
  /** From the installed system: its new public keys, and its certificate request (PEM). Answered once. */
  z.strictObject({
    kind: z.literal('enrol'),
    ...signed,
    keys: z.strictObject({ agent: name, voter: name, controller: name, node: name }),
    request: z.string().max(8_192),
    /** Absent where a person has installed it. */
    image: digest.optional(),
  }),
]);
export type InstallRequest = z.infer<typeof installRequestSchema>;

/**
 * What a person carries to a machine that is to join (docs/decisions/0020), or what the installer leaves for the installed system, as `enrol.json` in a tar archive at the start of the partition
 * `rekindle-id`: all that `rekindle enrol` needs. `key` (PKCS#8 PEM) is the person's or the installer's own, good for this one enrolment.
 */
export const ticketSchema = z.object({
  cluster: name,
  host: name,
  ...of,
  /** Digest of the manifest of what was installed; absent where a person has installed it. */
  image: digest.optional(),
  /** `http://ADDRESS:PORT` of controllers, to be asked in turn. */
  urls: z.array(z.url()).min(1).max(32),
  /** Public keys (nkeys) of the nodes whose answers may be believed. */
  nodeKeys: z.record(name, z.string().regex(/^U[A-Z2-7]{55}$/)),
  key: z.string().max(1_024),
});
export type Ticket = z.infer<typeof ticketSchema>;

/** What the installer is to do to which disk. */
export const planSchema = z.strictObject({
  ...of,
  mode: modeSchema,
  host: name,
  cluster: name,
  epoch: int,
  /** The disk to write, as the installer itself described it; every other is made unwritable first. */
  disk: targetSchema,
  image: z.strictObject({ name, manifest: digest }),
  /** `http://ADDRESS:PORT` of every controller that serves images, to be tried in turn. */
  sources: z.array(z.url()).max(32),
  /** Wall clock of the leader, epoch ms: the machine's own may be anything. */
  wallMs: int,
});
export type Plan = z.infer<typeof planSchema>;

export const installAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('boot'), ...of, host: name, mode: modeSchema, token: z.string() }),
  z.strictObject({ kind: z.literal('plan'), plan: planSchema }),
  /** Write now. Nothing may have been asked before, and nothing may be waited for after. */
  z.strictObject({ kind: z.literal('go'), ...of, epoch: int, disk: diskIdSchema }),
  z.strictObject({ kind: z.literal('ok') }),
  /** Public keys, certificates and the cluster file's content; nothing secret. `counter`: lives up to this one are over. */
  z.strictObject({
    kind: z.literal('enrolled'),
    certificate: z.string(),
    files: z.record(name, z.string()),
    counter: z.number().int(),
  }),
  /** `stop`: this attempt is over, switch off. Otherwise the same request may be sent again. */
  z.strictObject({ kind: z.literal('refused'), reason: text, stop: z.boolean() }),
]);
export type InstallAnswer = z.infer<typeof installAnswerSchema>;

/**
 * What an answer's signature is over: the answer, and the request it is for. No two requests are alike (`n`, and the key
 * made at each boot), so an answer that somebody kept, however genuine, answers nothing else: no `stop` ends another try.
 */
export const answerTo = (request: string, answer: string): string => `${sha256(request)}\n${answer}`;

/** A request as a controller passes it on. `body`: the bytes that `signature` is over, for the leader to verify. */
export const provisionSchema = z.strictObject({
  kind: z.literal('provision'),
  from: name,
  body: z.string().max(65_536),
  signature: z.string().max(256).nullable(),
});
export type Provision = z.infer<typeof provisionSchema>;

/** A machine that is not armed has asked this node for a network boot. The leader judges it on its own state. */
export const bootSeenSchema = z.strictObject({ kind: z.literal('boot-seen'), from: name, mac, armedSeq: int });
export type BootSeen = z.infer<typeof bootSeenSchema>;

/** Describes an image. Its bytes are signed (Ed25519) by one of the cluster file's `imageKeys`; its digest names it in the log. */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  name,
  /** Rises with every build. */
  version: int,
  builtAt: z.iso.datetime(),
  /** The raw disk, and the zstd stream of it, that is hashed on its way to the disk. */
  raw: z.strictObject({ bytes: int, sha256: digest }),
  stream: z.strictObject({ file: name, bytes: int, sha256: digest }),
  firmware: z.array(z.enum(['bios', 'uefi'])),
  /** For kexec into what was installed: paths in the root file system (partition label `root`). */
  boot: z.strictObject({ kernel: z.string(), initrd: z.string(), cmdline: z.string() }),
});
export type Manifest = z.infer<typeof manifestSchema>;

export {
  type Disk,
  diskSchema,
  type Inventory,
  inventorySchema,
  MODES,
  type Mode,
  modeSchema,
} from '../machines/machine-facts.ts';
