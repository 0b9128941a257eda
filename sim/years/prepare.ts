/** A cluster as the simulator can take it. */
import type { ClusterSpec } from '../../machines/spec.ts';

/**
 * Every probe asks the guest itself: the invented network has no addresses of guests, so a probe of a service could not
 * tell one guest of a host from another.
 */
export function prepared(spec: ClusterSpec): ClusterSpec {
  const guests = Object.fromEntries(
    Object.entries(spec.guests).map(([name, guest]) => [
      name,
      { ...guest, probes: guest.probes.map(({ everyMs, misses }) => ({ kind: 'agent' as const, everyMs, misses })) },
    ]),
  );
  return { ...spec, guests };
}
