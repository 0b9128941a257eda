import type { Fleet } from './fleet.ts';
import { guestsOn } from './routing.ts';
import { get } from './table.ts';

/**
 * In maintenance and empty: whoever services the host may be in the middle of something that a power cut would ruin, and
 * nobody waits for its proof. It is proven stopped without touching its power, unless a person asks for a fence.
 */
export function isSpared(fleet: Pick<Fleet, 'hosts' | 'guests'>, host: string): boolean {
  const entity = get(fleet.hosts, host);
  return entity?.context.maintenance === true && entity.state !== 'fencing' && guestsOn(fleet, host).length === 0;
}
