/**
 * The log's vocabulary: every entry is a CloudEvents 1.0 JSON event whose `data` is one of the shapes below.
 * Types are `noun.past-participle`. Heartbeats, renewals and probe results are not entries; only changes are.
 */
import { z } from 'zod';
import { digestSchema, inventorySchema, macSchema, modeSchema, targetSchema } from './machine-facts.ts';
import { diskIdSchema, specSchema } from './spec.ts';

const text = z.string().max(4_096);
const ms = z.number().min(0);
const host = z.string();
const guest = z.string();
/** `<epoch>.<seq>` of the entry that granted: rises with every grant, over leaders and over a lost log. */
const token = z.string().regex(/^\d+\.\d+$/);

/** One running or paused instance of a guest, as an agent observed it on its own host. `starting` counts as running. */
export const instanceSchema = z.strictObject({
  guest,
  token: token.nullable(),
  state: z.enum(['running', 'paused', 'starting']),
});
export type Instance = z.infer<typeof instanceSchema>;

/** One life of a host's agent. `counter` rises over all lives of a host; voters block "this counter and below". */
export const incarnationSchema = z.strictObject({ bootId: z.string(), counter: z.number().int().min(0) });
export type Incarnation = z.infer<typeof incarnationSchema>;

/** A voter's signed answer to Block: `remainingMs` until its promise to the host ends. */
export const blockAnswerSchema = z.strictObject({
  voter: z.string(),
  host,
  counter: z.number().int(),
  epoch: z.number().int(),
  remainingMs: ms,
  signature: z.string(),
});
export type BlockAnswer = z.infer<typeof blockAnswerSchema>;

/** Evidence that a former holder no longer runs a guest. Numbers R1–R5: docs/safety.md, "Grants and release proofs". */
export const proofSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('R1'), how: text }),
  z.strictObject({
    kind: z.literal('R2'),
    method: text,
    readings: z.array(z.strictObject({ state: z.literal('off'), atMs: ms })).min(2),
    readingsApartMs: ms,
    blockedBy: z.array(blockAnswerSchema),
  }),
  z.strictObject({ kind: z.literal('R3'), waitedMs: ms, blockedBy: z.array(blockAnswerSchema) }),
  z.strictObject({
    kind: z.literal('R5'),
    by: z.string(),
    checked: text,
    key: z.string(),
    signature: z.string(),
    blockedBy: z.array(blockAnswerSchema),
  }),
]);
export type Proof = z.infer<typeof proofSchema>;

const surveyed = z.strictObject({
  incarnation: incarnationSchema,
  /** False: this host cannot stop itself, so its lease proves nothing. */
  selfFencing: z.boolean(),
  watchdog: text,
  instances: z.array(instanceSchema),
});

/** Of one network boot of a reinstallation: `job` is the id of its intent, `attempt` counts from 1. */
const bootOf = { job: z.string(), attempt: z.number().int().min(1) };

const refused = z.array(z.strictObject({ host, reason: text }));
const startOf = { host, counter: z.number().int(), token };
const outcomeOf = <K extends string, S extends z.ZodRawShape>(noun: K, shape: S) =>
  ({
    [`${noun}.succeeded`]: z.strictObject({ intent: z.string(), ...shape, detail: text.default('') }),
    [`${noun}.failed`]: z.strictObject({ intent: z.string(), ...shape, reason: text }),
    [`${noun}.unknown`]: z.strictObject({ intent: z.string(), ...shape, reason: text }),
  }) as Record<`${K}.succeeded`, z.ZodObject<{ intent: z.ZodString; detail: z.ZodDefault<z.ZodString> } & S>> &
    Record<`${K}.failed` | `${K}.unknown`, z.ZodObject<{ intent: z.ZodString; reason: z.ZodString } & S>>;

export const dataSchemas = {
  // cluster
  'cluster.configured': z.strictObject({ digest: z.string(), spec: specSchema }),
  'cluster.frozen': z.strictObject({ by: z.string(), reason: text }),
  'cluster.thawed': z.strictObject({ by: z.string() }),
  'leader.elected': z.strictObject({ node: z.string() }),
  /** Lives that voters have promised leases, and of which this log knows nothing. Their hosts may hold guests. */
  'leases.reported': z.strictObject({ lives: z.record(host, z.number().int().min(0)) }),
  'brake.applied': z.strictObject({ silent: z.array(host), of: z.number().int() }),
  'brake.released': z.strictObject({ by: z.string() }),
  'headroom.changed': z.strictObject({ survivable: z.boolean(), why: text }),
  'log.loss-detected': z.strictObject({ from: z.number().int(), to: z.number().int(), journal: z.string() }),
  'log.fork-detected': z.strictObject({ seq: z.number().int(), ours: z.string(), theirs: z.string() }),
  /** From now on it is what a reinstallation installs by this name. `manifest`: SHA-256 of the manifest's bytes. */
  'image.published': z.strictObject({
    name: z.string(),
    version: z.number().int().min(0),
    manifest: digestSchema,
    by: z.string(),
  }),
  'timer.fired': z.strictObject({ timer: z.string(), armedSeq: z.number().int() }),

  // subject host/<name>
  'host.joined': surveyed,
  'host.surveyed': surveyed,
  'host.suspected': z.strictObject({
    counter: z.number().int(),
    silentMs: ms,
    witnesses: z.array(z.strictObject({ voter: z.string(), heardAgoMs: ms.nullable() })),
  }),
  'host.cleared': z.strictObject({ counter: z.number().int(), why: text }),
  'host.degraded': z.strictObject({
    what: z.enum(['libvirt', 'storage', 'disk', 'watchdog', 'log', 'power', 'netboot']),
    reason: text,
  }),
  'host.restored': z.strictObject({
    what: z.enum(['libvirt', 'storage', 'disk', 'watchdog', 'log', 'power', 'netboot']),
  }),
  'host.quiesced': z.strictObject({ counter: z.number().int(), pausedMs: ms }),
  'fence.requested': z.strictObject({ by: z.string(), reason: text }),
  'fence.proven': z.strictObject({ counter: z.number().int(), proof: proofSchema }),
  'fence.failed': z.strictObject({
    counter: z.number().int(),
    attempts: z.array(z.strictObject({ method: text, reason: text })),
  }),
  /** `drain`: its guests are to be moved away alive. */
  'maintenance.started': z.strictObject({ by: z.string(), drain: z.literal(true).optional() }),
  'maintenance.ended': z.strictObject({ by: z.string() }),
  /** Nothing moves off a host that is to be emptied: what keeps these guests there (machines/drain.ts, KEEPS). */
  'drain.changed': z.strictObject({
    keeps: z.array(
      z.strictObject({
        guest,
        code: z.enum(['NO_PLACE', 'TOGETHER', 'MOVE_FAILED', 'IN_TROUBLE']),
        reason: text,
      }),
    ),
  }),
  /** A spare that is off is to be switched on: these guests find room nowhere else. `why`: of the first of them. */
  'spare.called': z.strictObject({ guests: z.array(guest), why: text }),
  ...outcomeOf('power-on', { method: text }),
  /** Switched on, it found nothing to start on its disk, and asked `by` for a network boot. `armedSeq`: of the timer that waits for it. */
  'boot.fallen-through': z.strictObject({ mac: macSchema, by: z.string(), armedSeq: z.number().int() }),
  ...outcomeOf('repair', { what: z.literal('libvirt') }),
  /** Reinstallation, docs/decisions/0016. `plan`: digest of what the person was shown (machines/reinstall-plan.ts). */
  'reinstall.requested': z.strictObject({ mode: modeSchema, by: z.string(), reason: text, plan: digestSchema }),
  'reinstall.vetoed': z.strictObject({ job: z.string(), by: z.string() }),
  'reinstall.armed': z.strictObject({
    ...bootOf,
    mode: modeSchema,
    image: z.strictObject({ name: z.string(), version: z.number().int(), manifest: digestSchema }),
  }),
  ...outcomeOf('netboot', { ...bootOf, method: text }),
  /** The machine has asked for its boot script. `token`: SHA-256 of the secret that the script carries. */
  'reinstall.ticketed': z.strictObject({ ...bootOf, mac: macSchema, token: digestSchema }),
  /** The installer runs. `key`: its public key. `disk`: the one that it is to write; null where none is, and `why`. */
  'reinstall.booted': z.strictObject({
    ...bootOf,
    key: z.string(),
    inventory: inventorySchema,
    disk: targetSchema.nullable(),
    why: text,
  }),
  /** From here on its disk may be destroyed. */
  'reinstall.committed': z.strictObject({ ...bootOf, disk: diskIdSchema, manifest: digestSchema }),
  'reinstall.sealed': z.strictObject({ ...bootOf, manifest: digestSchema, bytes: z.number().int(), tookMs: ms }),
  'reinstall.left': z.strictObject({
    ...bootOf,
    how: z.enum(['kexec', 'reboot', 'power-off', 'finished']),
    report: z.record(z.string(), text).default({}),
  }),
  'reinstall.aborted': z.strictObject({ ...bootOf, phase: text, reason: text }),
  'reinstall.replayed': z.strictObject({ ...bootOf, reason: text }),
  ...outcomeOf('reinstall', {}),
  /** A person may make a machine this host by hand, once (docs/decisions/0020). `key`: public half of what their ticket asks with. */
  'join.offered': z.strictObject({ by: z.string(), reason: text, key: z.string(), withinMs: ms }),
  /** `image`: what it was installed from; absent where a person has installed it. */
  'host.enrolled': z.strictObject({
    ...bootOf,
    keys: z.strictObject({ agent: z.string(), voter: z.string(), controller: z.string(), node: z.string() }),
    image: digestSchema.optional(),
  }),
  ...outcomeOf('qualify', {}),

  // subject guest/<name>
  /** `gone` true: the agent saw no process of this instance left, which is release proof R1. */
  'guest.crashed': z.strictObject({
    ...startOf,
    /** `quit`: its own agent ended it for want of a lease, as the cluster file wants it (`onQuiesce`). */
    cause: z.enum(['process-died', 'panicked', 'shut-down', 'destroyed', 'quit']),
    gone: z.boolean(),
    detail: text,
  }),
  'guest.hung': z.strictObject({
    ...startOf,
    probe: z.enum(['qemu', 'agent', 'tcp', 'http', 'io-error']),
    detail: text,
  }),
  'guest.healthy': z.strictObject({ ...startOf, probe: text }),
  'guest.paused': z.strictObject({ ...startOf, why: text }),
  'guest.resumed': z.strictObject({ ...startOf }),
  /** A running instance the log did not know, or knew elsewhere, is taken over where it is found. */
  'guest.adopted': z.strictObject({
    host,
    counter: z.number().int(),
    /** The token the instance carries, if it carries one, so that its agent and the log go on naming it alike. */
    token: token.optional(),
    why: text,
  }),
  'guest.duplicated': z.strictObject({ hosts: z.array(host) }),
  'guest.ordered': z.strictObject({ desired: z.enum(['running', 'stopped']), by: z.string() }),
  /** `drains`: asked for by the leader, to empty this host; `avoid`: hosts that the guest did not reach before. */
  'guest.migration-requested': z.strictObject({
    to: host.nullable(),
    by: z.string(),
    drains: host.optional(),
    avoid: z.array(host).optional(),
  }),
  /** The decision and the grant in one: what was chosen, why, what was refused and why not, and the release proof relied on. */
  'guest.granted': z.strictObject({
    host,
    counter: z.number().int(),
    purpose: z.enum(['first-start', 'in-place', 'relocation', 'migration']),
    why: text,
    refused,
    release: z.strictObject({ kind: z.enum(['none', 'R1', 'R2', 'R3', 'R5']), entry: z.string() }),
  }),
  'guest.unplaced': z.strictObject({ why: text, refused }),
  ...outcomeOf('start', startOf),
  /** `lacks` storage: the host did not reach the guest's images, which is no fault of the guest. */
  'start.failed': z.strictObject({
    intent: z.string(),
    ...startOf,
    reason: text,
    lacks: z.literal('storage').optional(),
  }),
  ...outcomeOf('stop', startOf),
  ...outcomeOf('migration', { from: host, to: host, token }),
} as const;

export type EntryType = keyof typeof dataSchemas;
export type EntryData<T extends EntryType> = z.infer<(typeof dataSchemas)[T]>;

interface Envelope {
  readonly specversion: '1.0';
  /** `<epoch>.<seq>`: readable, unique, stable on replay. */
  readonly id: string;
  /** Node that wrote it. */
  readonly source: string;
  /** `cluster`, `host/<name>` or `guest/<name>`. */
  readonly subject: string;
  /** RFC 3339, the writer's wall clock; for people and for due times of timers, never for safety. */
  readonly time: string;
  /** Reign it was written in; entries of an epoch below the fleet's change nothing. */
  readonly epoch: number;
  /** Id of the entry that led here, or a word for outside evidence: `observation`, `operator`. */
  readonly cause: string;
  /** SHA-256 (hex) of the previous entry's stored bytes. */
  readonly prevhash: string;
}

/** One log entry. Narrow on `type` and `data` follows. */
export type Entry = { [T in EntryType]: Envelope & { readonly type: T; readonly data: EntryData<T> } }[EntryType];
export type EntryOf<T extends EntryType> = Extract<Entry, { type: T }>;

/** What a writer decides; the log adds `id`, `source`, `epoch`, `time`, `prevhash`. */
export type Draft = { [T in EntryType]: { type: T; subject: string; cause: string; data: EntryData<T> } }[EntryType];

/** An entry at its place in the log. `hash`: SHA-256 (hex) of the stored bytes. */
export interface Stored {
  readonly seq: number;
  readonly hash: string;
  readonly entry: Entry;
}

const envelopeSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.string(),
  type: z.enum(Object.keys(dataSchemas) as [EntryType, ...EntryType[]]),
  source: z.string(),
  subject: z.string().regex(/^(cluster|(host|guest)\/[a-z0-9-]+)$/),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json').optional(),
  epoch: z.number().int().min(0),
  cause: z.string(),
  prevhash: z.string().regex(/^[0-9a-f]{64}$/),
  data: z.unknown(),
});

/** The one place where bytes become an entry. Throws a ZodError on anything unknown: never skipped silently. */
export function parseEntry(value: unknown): Entry {
  const envelope = envelopeSchema.parse(value);
  return { ...envelope, data: dataSchemas[envelope.type].parse(envelope.data) } as Entry;
}

/** Orders tokens: negative when `a` is older. */
export function compareTokens(a: string, b: string): number {
  const [ae, as] = a.split('.').map(Number) as [number, number];
  const [be, bs] = b.split('.').map(Number) as [number, number];
  return ae - be || as - bs;
}
