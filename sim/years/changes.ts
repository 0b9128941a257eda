/** Single changes to a cluster that might spare it downtime. */
import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES, type ProfileName } from '../../machines/times.ts';

export interface Change {
  readonly name: string;
  /** What a person would do. */
  readonly what: string;
  readonly spec: ClusterSpec;
}

const MORE = 1.5;
/** Any well-formed key: simulated signatures are simulated too. */
const KEY = `U${'A'.repeat(55)}`;

/** Those that this cluster leaves room for. Names of nodes that are added begin with `new-`. */
export function changesOf(spec: ClusterSpec): Change[] {
  const changes: Change[] = [];
  const add = (name: string, what: string, part: Partial<ClusterSpec>) =>
    changes.push({ name, what, spec: specSchema.parse({ ...spec, ...part }) });
  const hosts = Object.entries(spec.hosts);
  const each = (change: (host: ClusterSpec['hosts'][string], name: string) => object) =>
    Object.fromEntries(hosts.map(([name, host]) => [name, { ...host, ...change(host, name) }])) as ClusterSpec['hosts'];

  const dark = hosts.filter(([, { power }]) => power.length === 0).map(([name]) => name);
  if (dark.length > 0) {
    const bmcOf = (name: string) => ({
      kind: 'ipmi',
      address: `bmc-of-${name}`,
      user: 'rekindle',
      passwordFile: '/bmc',
    });
    add('bmc', `power control for ${dark.join(', ')}`, {
      hosts: each(({ power }, name) => ({ power: power.length > 0 ? power : [bmcOf(name)] })),
    });
  }
  const unwatched = hosts.filter(([, { watchdog }]) => watchdog.kind === 'none').map(([name]) => name);
  if (unwatched.length > 0)
    add('watchdog', `a watchdog for ${unwatched.join(', ')}`, {
      hosts: each(({ watchdog }) => ({ watchdog: watchdog.kind === 'none' ? { kind: 'device' } : watchdog })),
    });
  const more = withMoreVoters(spec);
  if (more)
    add('voters', `${more.voters!.length} voters instead of ${spec.voters.length}: ${more.voters!.join(', ')}`, more);
  const largest = [...hosts].sort(([, a], [, b]) => b.capacity.memoryMiB - a.capacity.memoryMiB)[0];
  if (largest) {
    const [name, host] = largest;
    const { domain: _, ...alone } = host;
    add('host', `one more host like ${name}`, {
      hosts: { ...spec.hosts, 'new-host': { ...alone, address: 'new-host', migrationAddress: 'new-host' } },
    });
    add('capacity', 'half as much memory again, and as many vCPUs, in every host', {
      hosts: each(({ capacity: { memoryMiB, vcpus } }) => ({
        capacity: { memoryMiB: Math.floor(memoryMiB * MORE), vcpus: vcpus * MORE },
      })),
    });
  }
  for (const profile of ['fast', 'standard'] as ProfileName[])
    if (profile !== spec.profile)
      add(`profile-${profile}`, `profile ${profile} instead of ${spec.profile}`, { profile, times: PROFILES[profile] });
  const guests = Object.entries(spec.guests);
  const unprobed = guests.filter(([, { probes }]) => probes.length === 0).length;
  if (unprobed > 0)
    add('probes', `a probe for ${unprobed === guests.length ? 'every guest' : `the ${unprobed} guests without one`}`, {
      guests: Object.fromEntries(
        guests.map(([name, guest]) => [
          name,
          guest.probes.length > 0 ? guest : { ...guest, probes: [{ kind: 'agent' }] },
        ]),
      ) as ClusterSpec['guests'],
    });
  if (Object.keys(spec.operators).length === 0)
    add('operator', 'an operator whose signature confirms that a host is off', { operators: { 'on-call': KEY } });
  return changes;
}

/** Two more voters: nodes that do not vote yet, then arbiters in failure domains of their own. */
function withMoreVoters(spec: ClusterSpec): Partial<ClusterSpec> | null {
  if (spec.voters.length > 3) return null;
  const arbiters: Record<string, ClusterSpec['arbiters'][string]> = { ...spec.arbiters };
  const idle = [...Object.keys(spec.arbiters), ...Object.keys(spec.hosts)].filter(
    (node) => !spec.voters.includes(node),
  );
  const added = idle.slice(0, 2);
  for (let i = 1; added.length < 2; i++) {
    const name = `new-arbiter-${i}`;
    arbiters[name] = { address: name };
    added.push(name);
  }
  return { arbiters, voters: [...spec.voters, ...added] };
}
