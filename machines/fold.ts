/**
 * The one function that changes what the engine believes: `apply(fleet, entry) → fleet`. Pure and total: any entry in
 * any state gives a next state, and the state given is never touched. An entry without force (rejection.ts) only moves
 * the head of the log.
 */
import { type Draft, makeDraft } from './draft.ts';
import type { Entry, EntryOf, Stored } from './entries.ts';
import type { Fleet } from './fleet.ts';
import { guestMachine } from './guest.ts';
import { newGuest } from './guest-parts.ts';
import { hostMachine } from './host.ts';
import { newHost } from './host-parts.ts';
import { jobMachine } from './job.ts';
import { newJob } from './job-parts.ts';
import { DAY_MS } from './ladder.ts';
import { isEnrolled } from './reinstall.ts';
import { rejection } from './rejection.ts';
import { guestsOn, holders, subjectsOf } from './routing.ts';
import { nameOf } from './sentences.ts';
import {
  guestLadderSchema,
  hostLadderSchema,
  INSTALL_TIMEOUT_MS,
  type ProvisioningSpec,
  provisioningSchema,
} from './spec.ts';
import { makeStepper } from './stepper.ts';
import { get } from './table.ts';

const stepHost = makeStepper(hostMachine);
const stepGuest = makeStepper(guestMachine);
const stepJob = makeStepper(jobMachine);
/** For what the cluster file no longer names. */
const GUEST_LADDER = guestLadderSchema.parse({});
const HOST_LADDER = hostLadderSchema.parse({});
const PROVISIONING = provisioningSchema.parse({ network: '10.0.0.0/8', image: 'none', imageKeys: {} });
const provisioningOf = ({ spec }: Pick<Fleet, 'spec'>): ProvisioningSpec => spec?.provisioning ?? PROVISIONING;

/** The state after one entry. */
export function apply(fleet: Fleet, stored: Stored): Fleet {
  return fold(fleet, [stored]);
}

/** The state after entries in log order. Copies each table at most once, so it is the way to fold many. */
export function fold(fleet: Fleet, entries: readonly Stored[]): Fleet {
  const draft = makeDraft(fleet);
  for (const stored of entries) take(draft, stored);
  return draft.fleet;
}

function take(draft: Draft, { seq, hash, entry }: Stored): void {
  const { fleet } = draft;
  fleet.seq = seq;
  fleet.hash = hash;
  const wallMs = timeOf(entry) ?? fleet.wallMs;
  fleet.nowMs += Math.max(0, wallMs - fleet.wallMs);
  fleet.wallMs = wallMs;
  if (rejection(fleet, entry) !== null) return;
  const before = fleet.spec;
  learn(draft, entry);
  const subjects = subjectsOf(fleet, entry);
  if (entry.type === 'timer.fired') draft.disarm(entry.data.timer);
  if ('intent' in entry.data) draft.settle(entry.data.intent);
  // Looked up once for all hosts: they stand side by side among the subjects, with no guest between them.
  let held: ReadonlySet<string> | null = null;
  for (const subject of subjects) {
    if (subject.startsWith('host/')) {
      held ??= holders(fleet);
      toHost(draft, subject, entry, held);
      toJob(draft, subject, entry);
    } else if (subject.startsWith('guest/')) toGuest(draft, subject, entry, before);
  }
}

/** Entry time in epoch milliseconds; null for one that cannot be read, which moves nothing. */
function timeOf({ time }: Entry): number | null {
  const atMs = Date.parse(time);
  return Number.isFinite(atMs) ? atMs : null;
}

/** What an entry says about the cluster as a whole. */
function learn(draft: Draft, entry: Entry): void {
  const { fleet } = draft;
  switch (entry.type) {
    case 'leader.elected':
      fleet.epoch = entry.epoch;
      fleet.leader = entry.data.node;
      return;
    case 'cluster.configured':
      configure(draft, entry);
      return;
    case 'cluster.frozen':
      fleet.frozen = { by: entry.data.by, reason: entry.data.reason, entry: entry.id };
      return;
    case 'cluster.thawed':
      fleet.frozen = null;
      return;
    case 'brake.applied':
      fleet.brake = { silent: entry.data.silent, entry: entry.id };
      return;
    case 'brake.released':
      fleet.brake = null;
      // A person knows of the rest that they are gone. That enough others are back says nothing of them.
      if (entry.cause !== 'operator') return;
      fleet.brakeWaived = Object.keys(fleet.hosts)
        .filter((host) => fleet.hosts[host]!.context.suspectedAtMs !== null)
        .sort();
      return;
    case 'leases.reported':
      fleet.brakeWaived = fleet.brakeWaived.filter((host) => !Object.hasOwn(entry.data.lives, host));
      return;
    case 'host.joined':
    case 'host.cleared':
      fleet.brakeWaived = fleet.brakeWaived.filter((host) => host !== nameOf(entry.subject));
      return;
    case 'image.published':
      fleet.images = {
        ...fleet.images,
        [entry.data.name]: { version: entry.data.version, manifest: entry.data.manifest },
      };
      return;
    case 'host.enrolled':
      fleet.enrolled = { ...fleet.enrolled, [nameOf(entry.subject)]: entry.data.keys };
      return;
    case 'reinstall.armed':
      if (entry.data.mode === 'dry-run') return;
      // Older ones count no more, and more than the limit of a day are not begun: the list stays short.
      fleet.reinstalls = [...fleet.reinstalls.filter((atMs) => atMs > fleet.nowMs - DAY_MS), fleet.nowMs];
      return;
    case 'headroom.changed':
      fleet.headroom = { survivable: entry.data.survivable, why: entry.data.why };
      return;
    default:
      return;
  }
}

/**
 * Creates what the file names anew. What it no longer names goes when nothing of it may run: a guest once stopped, a
 * host once it holds no guest.
 */
function configure(draft: Draft, { data: { spec, digest } }: EntryOf<'cluster.configured'>): void {
  const { fleet } = draft;
  fleet.spec = spec;
  fleet.digest = digest;
  for (const name of Object.keys(spec.hosts)) {
    if (!get(fleet.hosts, name)) draft.putHost(name, { state: 'joining', context: newHost(name) });
  }
  for (const name of Object.keys(spec.guests)) {
    if (!get(fleet.guests, name)) draft.putGuest(name, { state: 'stopped', context: newGuest(name) });
  }
  for (const name of Object.keys(fleet.guests)) {
    if (!get(spec.guests, name) && fleet.guests[name]!.state === 'stopped') draft.remove('guests', name);
  }
  for (const name of Object.keys(fleet.hosts)) {
    if (!get(spec.hosts, name) && guestsOn(fleet, name).length === 0) draft.remove('hosts', name);
  }
}

function toHost(draft: Draft, subject: string, entry: Entry, held: ReadonlySet<string>): void {
  const { fleet } = draft;
  const name = nameOf(subject);
  const host = get(fleet.hosts, name);
  if (!host) return;
  const facts = {
    atMs: fleet.nowMs,
    ladder: fleet.spec?.hostLadder ?? HOST_LADDER,
    empty: !held.has(name),
    installed: isEnrolled(get(fleet.jobs, name)),
    byHand: get(fleet.jobs, name)?.context.mode === 'join',
    reinstalls: provisioningOf(fleet).tries,
    spare: (fleet.spec && get(fleet.spec.hosts, name)?.spare) === true,
  };
  const snapshot = hostMachine.resolveState({ value: host.state, context: host.context });
  const [{ value: state, context }, outputs] = stepHost(snapshot, Object.assign({}, entry, facts));
  if (state !== host.state || context !== host.context) draft.putHost(name, { state, context });
  draft.note(outputs, subject, { seq: fleet.seq, id: entry.id });
}

/** After its host: what has become of that, it is told. */
function toJob(draft: Draft, subject: string, entry: Entry): void {
  const { fleet } = draft;
  const name = nameOf(subject);
  const host = get(fleet.hosts, name);
  const begins =
    entry.type === 'reinstall.requested' || entry.type === 'reinstall.armed' || entry.type === 'join.offered';
  const job = get(fleet.jobs, name) ?? (begins ? { state: 'failed' as const, context: newJob(name) } : undefined);
  if (!host || !job) return;
  const facts = { atMs: fleet.nowMs, provisioning: provisioningOf(fleet), hostIs: host.state };
  const snapshot = jobMachine.resolveState({ value: job.state, context: job.context });
  const [{ value: state, context }, outputs] = stepJob(snapshot, Object.assign({}, entry, facts));
  if (state !== job.state || context !== job.context) draft.putJob(name, { state, context });
  draft.note(outputs, subject, { seq: fleet.seq, id: entry.id });
}

function toGuest(draft: Draft, subject: string, entry: Entry, before: Fleet['spec']): void {
  const { fleet } = draft;
  const name = nameOf(subject);
  const guest = get(fleet.guests, name);
  if (!guest) return;
  const spec = fleet.spec ? get(fleet.spec.guests, name) : undefined;
  const facts = {
    atMs: fleet.nowMs,
    ladder: spec?.ladder ?? GUEST_LADDER,
    quits: spec?.onQuiesce === 'quit',
    installMs: spec?.rebuild?.network ? (spec.rebuild.timeoutMs ?? INSTALL_TIMEOUT_MS) : null,
    // A person's order outlives a file that is read again and says what it said before.
    desired: newOrNull(spec?.desired ?? 'stopped', before ? get(before.guests, name)?.desired : undefined),
  };
  const snapshot = guestMachine.resolveState({ value: guest.state, context: guest.context });
  const [{ value: state, context }, outputs] = stepGuest(snapshot, Object.assign({}, entry, facts));
  if (state !== guest.state || context !== guest.context) draft.putGuest(name, { state, context });
  draft.note(outputs, subject, { seq: fleet.seq, id: entry.id });
}

const newOrNull = <T>(now: T, last: T | undefined): T | null => (now === last ? null : now);

export { rejection } from './rejection.ts';
export { subjectsOf } from './routing.ts';
