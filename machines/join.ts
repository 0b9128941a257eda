/**
 * When a person may make a machine a host by hand: with a ticket, once (docs/decisions/0020). The conditions are those of
 * an enrolment after a reinstallation. No power is touched and no disk written by any of it.
 */
import type { EntryOf } from './entries.ts';
import type { Fleet, HostStateName } from './fleet.ts';
import { isUnderWay, unsafeToReinstall } from './reinstall.ts';
import { get } from './table.ts';

/** Long enough to carry a ticket to a machine, short enough that one left lying about is worth nothing. */
export const JOIN_WITHIN_MS = 900_000;

/** The ladder is at its end or was never begun: it will not switch this machine on or off under a person's hands. */
const LEFT_ALONE: readonly HostStateName[] = ['joining', 'maintenance', 'quarantined', 'failed'];

/** Why no ticket is given out for this host; null when one is. An earlier ticket of it that nobody has used is void then. */
export function notJoinable(fleet: Fleet, host: string): string | null {
  const unsafe = unsafeToReinstall(fleet, host);
  if (unsafe !== null) return unsafe;
  const job = get(fleet.jobs, host);
  if (job && (isUnderWay(job) || job.state === 'announced' || job.state === 'waiting'))
    return `${host} is being reinstalled: ${job.context.why}`;
  const { state } = fleet.hosts[host]!;
  return LEFT_ALONE.includes(state)
    ? null
    : `${host} is ${state} and may be switched on at any moment: put it into maintenance first`;
}

/** Why who holds the ticket is not enrolled: asked once more of the state in which its keys would begin to count. */
export function unsafeToJoin(fleet: Fleet, host: string, { data }: EntryOf<'host.enrolled'>): string | null {
  return data.image === undefined ? unsafeToReinstall(fleet, host) : `${host} was to be installed by hand`;
}
