/** The cluster on one page, as one JSON object: what `rekindle status --json` prints. */
import { leaving, todoFor } from '../machines/drain.ts';
import {
  type Fleet,
  GUEST_STATES,
  type GuestStateName,
  HOST_STATES,
  type HostStateName,
  latestLife,
} from '../machines/fleet.ts';
import { type JobStatus, jobStatus } from './api-job.ts';
import type { ControllerView, Roles } from './api-view.ts';

export interface Status {
  /** Who answers. */
  readonly node: string;
  /** Null until the first cluster file has been read into the log. */
  readonly cluster: string | null;
  readonly profile: string | null;
  readonly epoch: number;
  /** Last entry folded here, and its time. */
  readonly seq: number;
  readonly time: string | null;
  readonly roles: Roles;
  readonly voters: readonly string[];
  readonly arbiters: readonly string[];
  readonly frozen: { readonly by: string; readonly reason: string } | null;
  readonly brake: { readonly silent: readonly string[] } | null;
  readonly headroom: { readonly survivable: boolean; readonly why: string } | null;
  readonly hosts: readonly HostStatus[];
  readonly guests: readonly GuestStatus[];
  /** What the leader has still to do, oldest first. */
  readonly pending: readonly { readonly id: string; readonly cause: string }[];
}

export interface HostStatus {
  readonly name: string;
  readonly state: HostStateName;
  /** What that state means. */
  readonly means: string;
  readonly why: string;
  /** Current or last life; null before the first. */
  readonly counter: number | null;
  readonly heardAgoMs: number | null;
  readonly selfFencing: boolean;
  readonly watchdog: string;
  /** Proof by which it is fenced now. */
  readonly fencedBy: string | null;
  readonly degraded: Readonly<Record<string, string>>;
  readonly maintenance: boolean;
  /** Guests that keep it from being emptied now; a code, why, and what to do. */
  readonly keeps: readonly {
    readonly guest: string;
    readonly code: string;
    readonly reason: string;
    readonly todo: string;
  }[];
  /** Guests that may run there. */
  readonly guests: readonly string[];
  /** Its last reinstallation; null: it never had one. */
  readonly job: JobStatus | null;
}

export interface GuestStatus {
  readonly name: string;
  readonly state: GuestStateName;
  readonly means: string;
  readonly why: string;
  readonly desired: 'running' | 'stopped';
  readonly observed: string;
  /** Where it may run; null when it provably runs nowhere. */
  readonly host: string | null;
  readonly migratingTo: string | null;
}

export function statusOf(view: Pick<ControllerView, 'node' | 'fleet' | 'roles' | 'entries'>): Status {
  const fleet = view.fleet();
  const roles = view.roles();
  const { spec } = fleet;
  return {
    node: view.node,
    cluster: spec?.cluster ?? null,
    profile: spec?.profile ?? null,
    epoch: fleet.epoch,
    seq: fleet.seq,
    time: fleet.wallMs > 0 ? new Date(fleet.wallMs).toISOString() : null,
    roles,
    voters: spec?.voters ?? [],
    arbiters: Object.keys(spec?.arbiters ?? {}).sort(),
    frozen: fleet.frozen && { by: fleet.frozen.by, reason: fleet.frozen.reason },
    brake: fleet.brake && { silent: fleet.brake.silent },
    headroom: fleet.headroom,
    hosts: hostsOf(fleet, roles, view.entries),
    guests: guestsOf(fleet),
    pending: Object.values(fleet.intents)
      .sort((a, b) => a.seq - b.seq)
      .map(({ id, cause }) => ({ id, cause })),
  };
}

function hostsOf(fleet: Fleet, roles: Roles, entries: ControllerView['entries']): HostStatus[] {
  const guests = guestsOf(fleet);
  return byName(fleet.hosts).map(([name, { state, context }]) => ({
    name,
    state,
    means: HOST_STATES[state],
    why: context.why,
    counter: latestLife(context) < 0 ? null : latestLife(context),
    heardAgoMs: roles.heardAgoMs[name] ?? null,
    selfFencing: context.selfFencing,
    watchdog: context.watchdog,
    fencedBy: context.fence?.proof.kind ?? null,
    degraded: context.degraded,
    maintenance: context.maintenance,
    keeps: leaving(fleet, name).flatMap((one) =>
      one.is === 'stays'
        ? [{ guest: one.guest, code: one.code, reason: one.reason, todo: todoFor(one.code, one.guest, name) }]
        : [],
    ),
    guests: guests.filter(({ host, migratingTo }) => host === name || migratingTo === name).map((guest) => guest.name),
    job: jobStatus(fleet, name, roles, entries),
  }));
}

function guestsOf(fleet: Fleet): GuestStatus[] {
  return byName(fleet.guests).map(([name, { state, context }]) => ({
    name,
    state,
    means: GUEST_STATES[state],
    why: context.why,
    desired: context.desired,
    observed: context.observed,
    host: context.release ? null : (context.grant?.host ?? null),
    migratingTo: context.migratingTo?.host ?? null,
  }));
}

function byName<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
}
