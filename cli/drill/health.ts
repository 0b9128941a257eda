/** What speaks against a drill at this moment: it is done only where nothing else is amiss. Pure. */
import type { Fleet } from '../../machines/fleet.ts';
import type { Status } from '../../services/api-status.ts';

/** One sentence each; empty when the cluster is whole and has nothing left to do. */
export function unrest(fleet: Fleet, status: Status): string[] {
  const { spec, frozen, brake, headroom } = fleet;
  if (spec === null) return ['the cluster has no cluster file yet'];
  const { roles } = status;
  const silentMs = ([, ms]: [string, number | null]) => ms === null || ms >= spec.times.suspectMs;
  return [
    ...(roles.leader === null ? ['nobody leads'] : []),
    ...(roles.waitingFor === null ? [] : [roles.waitingFor]),
    ...(frozen ? [`it is frozen: ${frozen.reason}`] : []),
    ...(brake ? ['the storm brake is on'] : []),
    ...(headroom?.survivable ? [] : [headroom?.why ?? 'whether it has headroom is not known yet']),
    ...Object.entries(fleet.hosts).flatMap(([name, { state, context }]) =>
      state === 'running' ? [] : [`${name} is ${state}: ${context.why}`],
    ),
    ...Object.entries(fleet.hosts).flatMap(([name, { context }]) =>
      Object.entries(context.degraded).map(([what, why]) => `${name} has trouble with ${what}: ${why}`),
    ),
    ...Object.entries(roles.heardAgoMs).flatMap((one) => (silentMs(one) ? [`${one[0]} is not heard here`] : [])),
    ...roles.nats.flatMap(({ server, connected }) =>
      connected ? [] : [`no connection to the nats-server of ${server}`],
    ),
    ...Object.entries(fleet.guests).flatMap(([name, { state, context }]) =>
      state === context.desired ? [] : [`${name} is ${state}: ${context.why}`],
    ),
    ...Object.values(fleet.intents).map(({ id }) => `${id} is pending`),
  ];
}

/** A drill that is under way ends at once when one of these is seen: from here on it would stand in the way. */
export function alarm({ hosts, brake, frozen }: Fleet): string | null {
  if (brake) return 'the storm brake is on';
  if (frozen) return `the cluster was frozen: ${frozen.reason}`;
  const host = Object.entries(hosts).find(([, { state }]) => !['running', 'draining', 'maintenance'].includes(state));
  return host === undefined ? null : `${host[0]} is ${host[1].state}: ${host[1].context.why}`;
}
