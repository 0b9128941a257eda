/** The cluster of a story: few words, and everything else as a test rack would have it. */
import { createHash } from 'node:crypto';
import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { PROFILES, type ProfileName } from '../../machines/times.ts';
import type { Change } from './cluster-phrases.ts';
import { OPERATOR } from './fault-phrases.ts';

export interface ClusterWords {
  readonly profile: ProfileName;
  readonly hosts: Readonly<Record<string, Change>>;
  readonly arbiters: Readonly<Record<string, Change>>;
  readonly guests: Readonly<Record<string, Change>>;
  readonly voters: readonly string[] | null;
  readonly hostLadder: Change;
  readonly installation: Change;
}

const HOST = {
  capacity: { memoryMiB: 16_384, vcpus: 16 },
  storage: ['images'],
  watchdog: { kind: 'process', socket: '/watchdog' },
};
const GUEST = { definition: '<domain/>', resources: { memoryMiB: 1_024, vcpus: 1 }, storage: ['images'] };
const TRIES = { inPlace: { tries: 3 }, relocate: { tries: 2 } };
/** A host boots within 40 s in the invented data centre (sim/model.ts). */
const PROVISIONING = {
  network: '10.0.0.0/24',
  image: 'host',
  imageKeys: {},
  announceMs: 10_000,
  bootWithinMs: 60_000,
  firstBootWithinMs: 90_000,
};
/** A key of the right form. What it signs is checked by the simulator's own rule. */
const KEY = `U${'A'.repeat(55)}`;

/** Options of a guest under two keys are merged, the rest replace what is there. Throws an Error that says what cannot be. */
export function specOf(words: ClusterWords): ClusterSpec {
  const inService = Object.keys(words.hosts).filter((host) => words.hosts[host]!.spare !== true);
  const nodes = [...inService, ...Object.keys(words.arbiters)];
  if (Object.keys(words.hosts).length === 0) throw new Error('a cluster needs hosts: say "hosts h1 h2 h3"');
  return specSchema.parse({
    cluster: 'drill',
    profile: words.profile,
    times: PROFILES[words.profile],
    voters: votersOf(words, nodes),
    hosts: mapped(words.hosts, (name, change) =>
      withMachine(name, merge({ ...HOST, address: name, power: [bmcOf(name)] }, change)),
    ),
    arbiters: mapped(words.arbiters, (name, change) => merge({ address: name }, change)),
    guests: mapped(words.guests, (name, change) => withoutItself(name, merge({ ...GUEST, ladder: TRIES }, change))),
    hostLadder: words.hostLadder,
    ...(Object.values(words.hosts).some(({ machine }) => machine)
      ? { provisioning: merge(PROVISIONING, words.installation) }
      : {}),
    operators: { [OPERATOR]: KEY },
  });
}

/** What the machine of a host is told by, where the host is installable. */
function withMachine(name: string, host: Change): Change {
  if (host.machine === undefined) return host;
  const tail = createHash('sha256').update(name).digest('hex').slice(0, 6).match(/../g)!;
  const identity = { macs: [['52', '54', '00', ...tail].join(':')], disk: { serial: `disk-${name}` } };
  return { ...host, machine: { ...host.machine, ...identity } };
}

const bmcOf = (host: string) => ({
  kind: 'ipmi',
  address: `bmc-${host}`,
  user: 'drill',
  passwordFile: '/password',
  readingsApartMs: 100,
});

function votersOf({ voters }: ClusterWords, nodes: readonly string[]): readonly string[] {
  if (voters !== null) {
    if ([1, 3, 5].includes(voters.length)) return voters;
    throw new Error(`${voters.length} voters cannot be: name 1, 3 or 5`);
  }
  if ([1, 3, 5].includes(nodes.length)) return [...nodes].sort();
  if (nodes.length === 2)
    throw new Error('two nodes cannot outvote each other: add "arbiters a1", or name one in "voters"');
  const most = nodes.length > 5 ? 5 : 3;
  throw new Error(
    `${nodes.length} nodes cannot all be voters: say "voters ${[...nodes].sort().slice(0, most).join(' ')}"`,
  );
}

const mapped = (changes: Readonly<Record<string, Change>>, make: (name: string, change: Change) => Change) =>
  Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, make(name, change)]));

const isPlain = (value: unknown): value is Change =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(value, 'kind');

/** Objects are merged, everything else is replaced. */
export function merge(base: Change, change: Change): Change {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key];
    merged[key] = isPlain(before) && isPlain(value) ? merge(before, value) : value;
  }
  return merged;
}

/** "guests g1 g2: apart from g1 and g2" is said of each of them. */
function withoutItself(name: string, change: Change): Change {
  const others = (names: unknown) => (Array.isArray(names) ? names.filter((other) => other !== name) : []);
  return { ...change, together: others(change.together), apart: others(change.apart) };
}
