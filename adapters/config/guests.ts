/** What the schema cannot see about guests: references that lead nowhere, and guests that no host could ever hold. */
import type { ClusterFileContent } from './file-schema.ts';
import { nearest } from './nearest.ts';
import type { Places } from './places.ts';
import { oneOf, type Problem } from './problems.ts';

type Guest = ClusterFileContent['guests'][string];
type Hosts = ClusterFileContent['hosts'];

/** `hosts` are those that could be read; `hostNames` and `guestNames` are all that the file names. */
export interface Known {
  readonly hosts: Hosts;
  readonly hostNames: readonly string[];
  readonly guestNames: readonly string[];
}

export function guestProblems(name: string, guest: Guest, known: Known, places: Places): Problem[] {
  // A host that could not be read might offer what seems to be missing: then nothing is said about storage and room.
  const allHostsRead = known.hostNames.every((host) => Object.hasOwn(known.hosts, host));
  const offered = [...new Set(Object.values(known.hosts).flatMap(({ storage }) => storage))];
  const nowhere = [
    ...(guest.prefers ? dangling(['guests', name, 'prefers'], guest.prefers, known.hostNames, 'host', places) : []),
    ...danglingIn(['guests', name, 'hosts'], guest.hosts, known.hostNames, 'host', places),
    ...danglingIn(['guests', name, 'together'], guest.together, known.guestNames, 'guest', places),
    ...danglingIn(['guests', name, 'apart'], guest.apart, known.guestNames, 'guest', places),
    ...(allHostsRead
      ? danglingIn(['guests', name, 'storage'], guest.storage, offered, 'storage of any host', places)
      : []),
  ];
  return [
    ...nowhere,
    ...probeSecrets(name, guest, places),
    ...rebuildProblems(name, guest, places),
    ...(nowhere.length === 0 ? contradictions(name, guest, places) : []),
    ...(allHostsRead && nowhere.length === 0 ? homeless(name, guest, known, places) : []),
  ];
}

function danglingIn(
  path: readonly string[],
  names: readonly string[],
  among: readonly string[],
  noun: string,
  places: Places,
): Problem[] {
  return names.flatMap((to, index) => dangling([...path, index], to, among, noun, places));
}

function dangling(
  path: readonly PropertyKey[],
  to: string,
  among: readonly string[],
  noun: string,
  places: Places,
): Problem[] {
  if (among.includes(to)) return [];
  const meant = nearest(to, among);
  const use = among.length > 0 ? `use ${oneOf(among.slice(0, 12))}` : 'define it or take it out';
  const todo = meant ? `did you mean "${meant}"?` : use;
  return [{ place: places.value(path), what: `${String(path[1])} names "${to}", which is no ${noun}`, todo }];
}

function contradictions(name: string, guest: Guest, places: Places): Problem[] {
  const at = ['guests', name];
  const problems: Problem[] = [];
  for (const key of ['together', 'apart'] as const) {
    const index = guest[key].indexOf(name);
    if (index >= 0)
      problems.push({
        place: places.value([...at, key, index]),
        what: `${name} names itself under ${key}`,
        todo: 'take it out',
      });
  }
  for (const [index, other] of guest.apart.entries()) {
    if (other !== name && guest.together.includes(other)) {
      const what = `${name} is to be both together with and apart from ${other}`;
      problems.push({ place: places.value([...at, 'apart', index]), what, todo: 'keep one of the two' });
    }
  }
  if (guest.prefers && guest.hosts.length > 0 && !guest.hosts.includes(guest.prefers)) {
    const what = `${name} prefers ${guest.prefers}, which is not among its hosts`;
    problems.push({
      place: places.value([...at, 'prefers']),
      what,
      todo: `add it to hosts, or prefer ${oneOf(guest.hosts)}`,
    });
  }
  return problems;
}

/** A guest that no host could hold even if all were up and empty. */
function homeless(name: string, guest: Guest, known: Known, places: Places): Problem[] {
  const allowed = Object.entries(known.hosts).filter(
    ([host]) => guest.hosts.length === 0 || guest.hosts.includes(host),
  );
  const reasons = allowed.map(([host, { capacity, storage }]) => {
    const missing = guest.storage.filter((one) => !storage.includes(one));
    if (missing.length > 0) return `${host} lacks storage ${missing.join(', ')}`;
    if (capacity.memoryMiB < guest.resources.memoryMiB)
      return `${host} has ${capacity.memoryMiB} MiB, it needs ${guest.resources.memoryMiB}`;
    return capacity.vcpus < guest.resources.vcpus
      ? `${host} has ${capacity.vcpus} vcpus, it needs ${guest.resources.vcpus}`
      : null;
  });
  if (reasons.length === 0 || reasons.includes(null)) return [];
  const place = places.key(['guests', name]);
  return [
    {
      place,
      what: `no host can ever run ${name}: ${reasons.slice(0, 8).join('; ')}`,
      todo: 'give it less, or a host more',
    },
  ];
}

function probeSecrets(name: string, guest: Guest, places: Places): Problem[] {
  return guest.probes.flatMap((probe, index) =>
    probe.kind === 'http' && new URL(probe.url).password !== ''
      ? [
          {
            place: places.value(['guests', name, 'probes', index, 'url']),
            what: `the URL of a probe of ${name} would put a password into the log, which everyone may read`,
            todo: 'probe a page that needs none',
          },
        ]
      : [],
  );
}

function rebuildProblems(name: string, { ladder, rebuild }: Guest, places: Places): Problem[] {
  if (rebuild) return sourceProblems(name, rebuild, places);
  const at = ['guests', name, 'ladder', 'reinstall'];
  if (ladder.reinstall !== 'allowed') return [];
  const what = `${name} may be reinstalled, and nothing says from what`;
  return [
    { place: places.value(at), what, todo: `add guests.${name}.rebuild with the disk and the image it is made from` },
  ];
}

/** An image or the network, and of the keys beside them only those that say something. */
function sourceProblems(name: string, rebuild: NonNullable<Guest['rebuild']>, places: Places): Problem[] {
  const at = (key: string) => places.value(['guests', name, 'rebuild', key]);
  const { from, network } = rebuild;
  if (from === undefined && network === undefined) {
    const what = `guests.${name}.rebuild does not say what ${name} is made anew from`;
    const todo = 'add from: an image, or network: true, to have its own boot server install it';
    return [{ place: places.key(['guests', name, 'rebuild']), what, todo }];
  }
  if (from !== undefined && network !== undefined) {
    const what = `${name} cannot be made anew both from an image and from the network`;
    return [{ place: at('network'), what, todo: 'keep one of from and network' }];
  }
  const idle = network ? (['sha256'] as const) : (['sizeMiB', 'timeoutMs'] as const);
  return idle
    .filter((key) => rebuild[key] !== undefined)
    .map((key) => ({
      place: at(key),
      what: `guests.${name}.rebuild.${key} says nothing without ${network ? 'from' : 'network'}`,
      todo: 'leave it out',
    }));
}
