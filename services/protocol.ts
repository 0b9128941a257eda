/**
 * What nodes say to each other outside the log, with the schema each message is parsed by at the edge.
 * Addresses are dotted names below `rekindle.<cluster>.`; the bus adapter adds the prefix.
 */
import { z } from 'zod';
import {
  blockAnswerSchema,
  dataSchemas,
  type EntryType,
  incarnationSchema,
  instanceSchema,
} from '../machines/entries.ts';
import { digestSchema, modeSchema } from '../machines/machine-facts.ts';
import { rebuildSchema } from '../machines/spec.ts';

const int = z.number().int();
const ms = z.number().min(0);
const name = z.string();

export const addresses = {
  /** Every voter answers; controllers listen to know who is alive. */
  renew: (host: string) => `lease.renew.${host}`,
  renewAll: 'lease.renew.*',
  /** One voter: block, silence, campaign, leader renewal. */
  voter: (node: string) => `voter.${node}`,
  /** Commands and surveys to one agent. */
  agent: (host: string) => `agent.${host}`,
  /** Reports of agents and orders of people, answered by the leader. */
  report: (host: string) => `report.${host}`,
  reportAll: 'report.*',
  order: (node: string) => `order.${node}`,
  orderAll: 'order.*',
  /** Requests of machines under installation, passed on by the node they asked; answered by the leader. */
  provision: (node: string) => `provision.${node}`,
  provisionAll: 'provision.*',
  /** Published by the leader every heartbeat. */
  leader: 'leader.heartbeat',
};

/** Digest of the lease times: voters refuse nodes that count differently. */
export const renewSchema = z.strictObject({
  kind: z.literal('renew'),
  host: name,
  counter: int,
  n: int,
  /** Since when, on its own clock, the host has had no new lease; a host that hears no answers is no better than a silent one. */
  unleasedMs: ms,
  times: z.string(),
  /** Highest epoch that the agent has persisted: it obeys no leader older than that. */
  epoch: int,
});
export type Renew = z.infer<typeof renewSchema>;

export const renewAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('promised'), voter: name, n: int }),
  /** This life is over; a new one must use a counter above `blockedCounter`. */
  z.strictObject({ kind: z.literal('blocked'), voter: name, n: int, blockedCounter: int }),
  /** This voter has not promised this life anything yet, and does so only once its agent has persisted `epoch`. */
  z.strictObject({ kind: z.literal('obey-first'), voter: name, n: int, epoch: int }),
  z.strictObject({ kind: z.literal('refused'), voter: name, n: int, reason: z.string() }),
]);
export type RenewAnswer = z.infer<typeof renewAnswerSchema>;

export const voterRequestSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('silence'), host: name }),
  z.strictObject({ kind: z.literal('block'), host: name, counter: int, epoch: int }),
  /** `dry`: would you? Nothing is promised or persisted, so a node that cannot win disturbs nobody. */
  z.strictObject({ kind: z.literal('campaign'), node: name, epoch: int, times: z.string(), dry: z.boolean() }),
  z.strictObject({ kind: z.literal('renew-leader'), node: name, epoch: int, n: int }),
  /** The leader gives its lease back. */
  z.strictObject({ kind: z.literal('resign'), node: name, epoch: int }),
]);
export type VoterRequest = z.infer<typeof voterRequestSchema>;

export const voterAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('silence'), voter: name, host: name, heardAgoMs: ms.nullable() }),
  z.strictObject({ kind: z.literal('blocked'), answer: blockAnswerSchema }),
  z.strictObject({ kind: z.literal('promised'), voter: name, epoch: int, n: int }),
  /** A vote. `lives`: for each host the highest life that this voter has ever promised a lease. */
  z.strictObject({ kind: z.literal('elected'), voter: name, epoch: int, lives: z.record(name, int) }),
  /** `epoch`: highest persisted; `remainingMs`: of the promise that stands in the way. */
  z.strictObject({ kind: z.literal('refused'), voter: name, epoch: int, remainingMs: ms, reason: z.string() }),
]);
export type VoterAnswer = z.infer<typeof voterAnswerSchema>;

const commandHead = { epoch: int, intent: z.string() };
/** An order to an agent. Refused when `epoch` is below the highest the agent has persisted. */
export const commandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('survey'), epoch: int }),
  z.strictObject({
    kind: z.literal('start'),
    ...commandHead,
    guest: name,
    counter: int,
    token: z.string(),
    definition: z.string(),
    /** A rebuilt disk that takes the place of `disk` first. `installs`: it is empty, so from the network, this once. */
    rebuilt: z.strictObject({ disk: z.string(), token: z.string(), installs: z.literal(true).optional() }).optional(),
  }),
  /** Make a new disk beside the old one. Nothing that runs uses it; `token` names it. */
  z.strictObject({
    kind: z.literal('rebuild'),
    ...commandHead,
    guest: name,
    token: z.string(),
    rebuild: rebuildSchema,
  }),
  z.strictObject({
    kind: z.literal('stop'),
    ...commandHead,
    guest: name,
    counter: int,
    token: z.string(),
    graceful: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('migrate'),
    ...commandHead,
    guest: name,
    counter: int,
    token: z.string(),
    to: name,
    toAddress: z.string(),
  }),
  /** To the target of a migration, before it begins: this grant will arrive here. */
  z.strictObject({ kind: z.literal('expect'), ...commandHead, guest: name, counter: int, token: z.string() }),
  /** To the source of a migration whose target is proven stopped: nothing can arrive any more. */
  z.strictObject({ kind: z.literal('abort'), ...commandHead, guest: name, counter: int, token: z.string() }),
  z.strictObject({ kind: z.literal('repair'), ...commandHead, what: z.literal('libvirt') }),
  /** Test whether this host can hold guests. `wallMs`: the leader's wall clock. */
  z.strictObject({ kind: z.literal('qualify'), ...commandHead, wallMs: ms }),
  z.strictObject({ kind: z.literal('inspect'), epoch: int, guest: name }),
]);
export type Command = z.infer<typeof commandSchema>;

export const commandAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('succeeded'), detail: z.string() }),
  z.strictObject({ kind: z.literal('failed'), reason: z.string(), lacks: z.literal('storage').optional() }),
  z.strictObject({ kind: z.literal('unknown'), reason: z.string() }),
  /** Nothing was done and nothing will be: stale epoch, wrong life, no lease. `epoch`: highest persisted here. */
  z.strictObject({ kind: z.literal('refused'), reason: z.string(), epoch: int }),
  z.strictObject({
    kind: z.literal('survey'),
    host: name,
    epoch: int,
    incarnation: incarnationSchema,
    selfFencing: z.boolean(),
    watchdog: z.string(),
    instances: z.array(instanceSchema),
    journal: z.strictObject({ seq: int, hash: z.string() }),
  }),
  z.strictObject({
    kind: z.literal('inspected'),
    state: z.enum(['running', 'paused', 'gone', 'unknown']),
    token: z.string().nullable(),
  }),
]);
export type CommandAnswer = z.infer<typeof commandAnswerSchema>;
export type SurveyAnswer = Extract<CommandAnswer, { kind: 'survey' }>;

/** Types an agent may report; the leader appends them in its own name, with `source` kept in the cause. */
export const REPORTABLE = [
  'host.joined',
  'host.degraded',
  'host.restored',
  'host.quiesced',
  'guest.crashed',
  'guest.hung',
  'guest.healthy',
  'guest.paused',
  'guest.resumed',
] as const satisfies readonly EntryType[];
export type Reportable = (typeof REPORTABLE)[number];

/** `id` makes a repeated report one report. */
export const reportSchema = z
  .strictObject({
    kind: z.literal('report'),
    id: z.string(),
    host: name,
    type: z.enum(REPORTABLE),
    subject: z.string(),
    data: z.unknown(),
  })
  .transform((report, context) => {
    const parsed = dataSchemas[report.type].safeParse(report.data);
    if (parsed.success) return { ...report, data: parsed.data };
    context.addIssue({ code: 'custom', message: `data of ${report.type}: ${parsed.error.message}` });
    return z.NEVER;
  });
export type Report = { kind: 'report'; id: string; host: string; type: Reportable; subject: string; data: unknown };

/** What a person asks of the leader. */
export const orderSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fence'), host: name, by: name, reason: z.string() }),
  z.strictObject({
    kind: z.literal('confirm-off'),
    host: name,
    counter: int,
    by: name,
    checked: z.string().min(1),
    key: z.string(),
    signature: z.string(),
  }),
  z.strictObject({ kind: z.literal('freeze'), by: name, reason: z.string() }),
  z.strictObject({ kind: z.literal('thaw'), by: name }),
  z.strictObject({ kind: z.literal('release-brake'), by: name }),
  z.strictObject({ kind: z.literal('set-desired'), guest: name, desired: z.enum(['running', 'stopped']), by: name }),
  z.strictObject({ kind: z.literal('migrate'), guest: name, to: name.nullable(), by: name }),
  /** `drain`: and move its guests away. */
  z.strictObject({
    kind: z.literal('maintenance'),
    host: name,
    on: z.boolean(),
    drain: z.literal(true).optional(),
    by: name,
  }),
  /** `plan`: planDigest of the reinstallPlan (machines/reinstall-plan.ts) that the person was shown. */
  z.strictObject({
    kind: z.literal('reinstall'),
    host: name,
    mode: modeSchema,
    by: name,
    reason: z.string(),
    plan: digestSchema,
  }),
  z.strictObject({ kind: z.literal('veto-reinstall'), host: name, by: name }),
  /** `key`: public half, 32 bytes in base64, of the one in the ticket that this person carries to the new host. */
  z.strictObject({
    kind: z.literal('offer-join'),
    host: name,
    key: z.base64().length(44),
    by: name,
    reason: z.string(),
  }),
  z.strictObject({
    kind: z.literal('publish-image'),
    name,
    version: int.min(0),
    manifest: digestSchema,
    by: name,
  }),
  z.strictObject({ kind: z.literal('step-down'), by: name }),
]);
export type Order = z.infer<typeof orderSchema>;

/** What an operator signs for `confirm-off`; the same bytes on both ends. */
export function confirmOffText(order: { host: string; counter: number; by: string; checked: string }): string {
  return `rekindle confirm-off\nhost ${order.host}\ncounter ${order.counter}\nby ${order.by}\nchecked ${order.checked}\n`;
}

export const leaderAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('accepted'), seq: int }),
  z.strictObject({ kind: z.literal('rejected'), code: z.string(), reason: z.string() }),
]);
export type LeaderAnswer = z.infer<typeof leaderAnswerSchema>;

export const leaderHeartbeatSchema = z.strictObject({
  kind: z.literal('leader'),
  node: name,
  epoch: int,
  seq: int,
  /** Null until the leader has compared its copy with the log. */
  hash: z.string().nullable(),
});
export type LeaderHeartbeat = z.infer<typeof leaderHeartbeatSchema>;
