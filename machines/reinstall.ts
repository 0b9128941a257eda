/**
 * When a host may be installed anew, and when it may not: asked before it begins, before every act on its power, and of
 * the very state that the entry is appended to which lets its disk be destroyed (rejection.ts).
 */
import { type Fleet, type HostStateName, type JobEntity, latestLife } from './fleet.ts';
import type { PendingIntent } from './intents.ts';
import { DAY_MS } from './ladder.ts';
import type { Mode } from './machine-facts.ts';
import { guestsOn } from './routing.ts';
import { list, nameOf } from './sentences.ts';
import { get } from './table.ts';

/** States of a job whose host is not, or no longer, at the installer's mercy. */
const AT_REST: readonly JobEntity['state'][] = ['announced', 'waiting', 'offered', 'accepted', 'failed'];
export const isUnderWay = (job: JobEntity | undefined): boolean => job !== undefined && !AT_REST.includes(job.state);

/** Nothing of its disk is lost yet. */
const VETOABLE: readonly JobEntity['state'][] = ['announced', 'waiting', 'armed', 'powered', 'booted'];
export const isVetoable = ({ state }: JobEntity): boolean => VETOABLE.includes(state);

/** The life that registers next is the first of what was installed. */
export const isEnrolled = (job: JobEntity | undefined): boolean =>
  job?.context.enrolled === true && ['sealed', 'first-boot', 'offered'].includes(job.state);

/** Why neither power nor disk of this host may be touched by a reinstallation; null when nothing of ours can be lost. */
export function unsafeToReinstall(fleet: Fleet, host: string): string | null {
  const context = get(fleet.hosts, host)?.context;
  if (!context || !fleet.spec) return `there is no host ${host}`;
  if (fleet.frozen) return `frozen by ${fleet.frozen.by}: ${fleet.frozen.reason}`;
  if (fleet.brake) return `storm brake: ${list(fleet.brake.silent)} fell silent together`;
  // Its registers would be lost with its disk, and a voter that forgot its word must not return under its name.
  if (fleet.spec.voters.includes(host)) return `${host} is a voter: name another voter in the cluster file first`;
  const life = latestLife(context);
  // A host that never had a life has never been given anything. Any other must be proven stopped, in its latest.
  if (life >= 0 && (context.fence === null || context.fence.counter < life)) return `${host} is not proven stopped`;
  const guests = guestsOn(fleet, host);
  if (guests.length > 0) return `${host} may still run ${list(guests)}`;
  return null;
}

/** Hosts in these states speak for themselves; what others said last may be long over. */
const ALIVE: readonly HostStateName[] = ['running', 'maintenance', 'qualifying'];

/** Somebody else answers network boots; null when no host sees anybody. */
export function foreignBoot({ hosts }: Pick<Fleet, 'hosts'>): string | null {
  const seer = Object.keys(hosts).find(
    (name) => ALIVE.includes(hosts[name]!.state) && Object.hasOwn(hosts[name]!.context.degraded, 'netboot'),
  );
  return seer === undefined ? null : `${hosts[seer]!.context.degraded.netboot}, seen by ${seer}`;
}

/**
 * Why a host may not be booted from the network now. Our own installer writes the one disk and no other; what somebody
 * else's answer boots may write them all. A person who has ordered it has read of it in the plan, and may know better.
 */
export function unsafeToNetBoot(fleet: Fleet, host: string): string | null {
  const unsafe = unsafeToReinstall(fleet, host);
  if (unsafe !== null || get(fleet.hosts, host)!.context.ordered) return unsafe;
  return foreignBoot(fleet);
}

/** What of the cluster file, or of what was published, is missing to install this host. */
export function cannotReinstall({ spec, images }: Fleet, host: string): string | null {
  const machine = spec && get(spec.hosts, host)?.machine;
  if (!machine) return `the cluster file has no machine for ${host}`;
  if (!spec.provisioning) return 'the cluster file has no provisioning';
  const image = machine.image ?? spec.provisioning.image;
  return get(images, image) ? null : `image ${image} was never published`;
}

/** Image that the host gets. Null: see `cannotReinstall`. */
export function imageFor(
  { spec, images }: Fleet,
  host: string,
): { name: string; version: number; manifest: string } | null {
  const name = (spec && get(spec.hosts, host)?.machine?.image) ?? spec?.provisioning?.image;
  const image = name === undefined ? undefined : get(images, name);
  return name === undefined || !image ? null : { name, version: image.version, manifest: image.manifest };
}

/** What is to be begun: what a person has ordered, or else the ladder's. */
export function modeOf({ jobs }: Pick<Fleet, 'jobs'>, host: string): Mode {
  const job = get(jobs, host);
  return job?.state === 'waiting' && job.context.mode !== 'join' ? job.context.mode : 'install';
}

/** Why a pending reinstallation of a host is not begun now. */
export function reinstallHeld(fleet: Fleet, host: string): string | null {
  const lacking = cannotReinstall(fleet, host) ?? unsafeToNetBoot(fleet, host);
  if (lacking !== null) return lacking;
  const own = get(fleet.jobs, host);
  // A person may be installing it by hand at this very moment.
  if (own?.state === 'offered') return own.context.why;
  const { atOnce, perDay } = fleet.spec!.provisioning!;
  const busy = Object.keys(fleet.jobs).filter((name) => name !== host && isUnderWay(fleet.jobs[name]));
  if (busy.length >= atOnce) return `${list(busy.sort())} must be done first: ${atOnce} at once`;
  const lately = fleet.reinstalls.filter((atMs) => atMs > fleet.nowMs - DAY_MS).length;
  if (lately >= perDay && modeOf(fleet, host) !== 'dry-run')
    return `${lately} reinstallations were begun within 24 h, and ${perDay} are the limit`;
  return null;
}

/** The job of this very intent; undefined before it was begun. */
export function jobOf({ jobs }: Pick<Fleet, 'jobs'>, { id, subject }: Pick<PendingIntent, 'id' | 'subject'>) {
  const job = get(jobs, nameOf(subject));
  return job?.context.job === id ? job : undefined;
}

/** Why a person's order to reinstall is refused; null when it is taken. */
export function notReinstallable(fleet: Fleet, host: string): string | null {
  const lacking = cannotReinstall(fleet, host);
  if (lacking !== null) return lacking;
  if (fleet.spec!.voters.includes(host)) return `${host} is a voter: name another voter in the cluster file first`;
  const { state, context } = fleet.hosts[host]!;
  const job = get(fleet.jobs, host);
  if (job && (isUnderWay(job) || job.state === 'announced' || job.state === 'waiting'))
    return `${host} is being reinstalled: ${job.context.why}`;
  if (guestsOn(fleet, host).length > 0)
    return `${host} may run ${list(guestsOn(fleet, host))}: put it into maintenance first`;
  if (state === 'maintenance' || latestLife(context) < 0) return null;
  if (state === 'reinstalling') return `${host} is reinstalling already`;
  return context.fence === null
    ? `${host} is ${state} and not proven stopped: put it into maintenance, or fence it`
    : null;
}
