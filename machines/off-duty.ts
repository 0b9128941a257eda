import { type Fleet, type HostEntity, latestLife } from './fleet.ts';
import { get } from './table.ts';

/** Called, and neither registered nor failed at its first try. */
export const isOnItsWay = ({ state, context }: HostEntity): boolean =>
  context.called !== undefined && (state === 'restarting' || state === 'rejoining');

/**
 * A spare that is off, on its way, or never had a life. It counts for nothing: a cluster that has it brakes, waits and
 * votes as one that has not.
 */
export function isOffDuty({ spec, hosts }: Pick<Fleet, 'spec' | 'hosts'>, host: string): boolean {
  const entity = get(hosts, host);
  if (!entity) return false;
  const neverJoined = latestLife(entity.context) < 0 && (spec && get(spec.hosts, host)?.spare) === true;
  return entity.state === 'spare' || isOnItsWay(entity) || neverJoined;
}
