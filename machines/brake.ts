/**
 * The storm brake: when many hosts fall silent at once, the fault is more likely in what they share (a switch, a power
 * feed, ourselves) than in each of them, and fencing them all would turn a disturbance into an outage.
 */
import type { Fleet } from './fleet.ts';
import { isOffDuty } from './off-duty.ts';
import { list } from './sentences.ts';

/** Silences this far apart count as one event. */
export const STORM_MS = 60_000;

/** So many of `hosts` may be silent at once and still be fenced without a person: a third, but always one. */
export function stormLimit(hosts: number): number {
  return Math.max(1, Math.floor(hosts / 3));
}

/**
 * Whether automatic fencing has to stop (`apply`), or stay stopped. `suspectedNow`: hosts that are silent at this moment.
 *
 * To apply it, hosts count that are silent now or fell silent within the last minute and are not back, fenced meanwhile
 * or not: a storm that comes one host at a time is a storm. It is released once few enough are not back, however long
 * they have been away, so it cannot flutter. Silences that a person waived by releasing the brake count no more.
 */
export function brakeVerdict(
  fleet: Fleet,
  suspectedNow: readonly string[],
): { readonly apply: boolean; readonly silent: readonly string[]; readonly of: number; readonly why: string } {
  // A spare that is off can fall silent with nobody: it must not make a storm of the others look small.
  const of = Object.keys(fleet.hosts).filter((host) => !isOffDuty(fleet, host)).length;
  const limit = stormLimit(of);
  const silent = new Set(suspectedNow);
  for (const [host, { context }] of Object.entries(fleet.hosts)) {
    if (context.suspectedAtMs === null) continue;
    if (fleet.brake !== null || context.suspectedAtMs > fleet.nowMs - STORM_MS) silent.add(host);
  }
  for (const host of fleet.brakeWaived) silent.delete(host);
  const names = [...silent].sort();
  const apply = silent.size > limit;
  const why = apply
    ? `${silent.size} of ${of} hosts are silent (${list(names)}); more than ${limit} are not fenced without a person`
    : `${silent.size} of ${of} hosts are silent; up to ${limit} are fenced without a person`;
  return { apply, silent: names, of, why };
}

/**
 * Hosts whose pending fence would leave the voters without a majority, given in the order in which fences were asked
 * for. Voters already proven stopped count as lost; a voter in doubt does not, since its vote may still be there.
 */
export function costsMajority(fleet: Fleet, fences: readonly string[]): ReadonlySet<string> {
  const voters = fleet.spec?.voters ?? [];
  const spare = voters.length - (Math.floor(voters.length / 2) + 1);
  const isLost = (voter: string) => Object.hasOwn(fleet.hosts, voter) && fleet.hosts[voter]!.context.fence !== null;
  let lost = voters.filter(isLost).length;
  const tooMany = new Set<string>();
  for (const host of fences) {
    if (!voters.includes(host) || isLost(host)) continue;
    if (lost + 1 > spare) tooMany.add(host);
    else lost += 1;
  }
  return tooMany;
}
