/** Everything in a cluster file that takes more than one key to see. */
import { z } from 'zod';
import { arbiterSchema, guestSchema, hostSchema, nameSchema, timesSchema } from '../../machines/spec.ts';
import { impossibleTimes, PROFILES, type ProfileName, type Times } from '../../machines/times.ts';
import { RekindleError } from '../../services/errors.ts';
import { checkDefinition, installForm } from '../libvirt/definition.ts';
import { companyProblems } from './company.ts';
import { guestProblems } from './guests.ts';
import { hostProblems } from './hosts.ts';
import type { Places } from './places.ts';
import { type Problem, reasonOf } from './problems.ts';
import { bootAddressProblems, imageKeyProblems, machineProblems } from './provisioning.ts';
import { votersOf } from './voters.ts';

export interface CrossChecked {
  readonly problems: Problem[];
  /** Guest to the content of its definition. */
  readonly definitions: ReadonlyMap<string, string>;
  readonly voters: readonly string[];
}

/** Checks those parts that the schema accepts: one bad key must not hide what else is wrong. `read` gets a path as written. */
export function crossCheck(
  data: Record<string, unknown>,
  places: Places,
  read: (path: string) => string,
): CrossChecked {
  const hosts = readable(data.hosts, hostSchema);
  const arbiters = readable(data.arbiters, arbiterSchema);
  const guests = readable(data.guests, guestSchema);
  const hostNames = keysOf(data.hosts);
  const known = { hosts, hostNames, guestNames: keysOf(data.guests) };
  const nodes = [...hostNames, ...keysOf(data.arbiters)];
  const spares = Object.keys(hosts).filter((name) => hosts[name]!.spare);
  const electorate = votersOf(z.array(nameSchema).optional().catch([]).parse(data.voters), nodes, spares, places);

  const problems = [
    ...nameProblems(data, places),
    ...timesProblems(data, places),
    ...hostProblems(hosts, arbiters, places),
    ...machineProblems(hosts, places),
    ...bootAddressProblems(hosts, arbiters, data.provisioning, places),
    ...imageKeyProblems(data.provisioning, places),
    ...(hostNames.length > 0 ? electorate.problems : []),
    ...Object.entries(guests).flatMap(([name, guest]) => guestProblems(name, guest, known, places)),
    ...companyProblems(guests, places),
  ];
  const definitions = new Map<string, string>();
  for (const [name, { definition }] of Object.entries(guests)) {
    try {
      const xml = read(definition);
      // A name that cannot be one has been told already.
      if (nameSchema.safeParse(name).success) checkDefinition(name, xml);
      definitions.set(name, xml);
      const { disk, network } = guests[name]!.rebuild ?? {};
      if (network && nameSchema.safeParse(name).success) installForm(name, xml);
      if (disk !== undefined && !xml.includes(disk)) {
        const what = `${definition} has no disk ${disk}`;
        const todo = 'name the file of its disk as the definition names it';
        problems.push({ place: places.value(['guests', name, 'rebuild', 'disk']), what, todo });
      }
    } catch (cause) {
      const place = places.value(['guests', name, 'definition']);
      if (cause instanceof RekindleError)
        problems.push({ place, what: `${definition}: ${cause.message}`, todo: cause.todo });
      else problems.push({ place, what: `cannot read ${definition}: ${reasonOf(cause)}`, todo: NAME_XML });
    }
  }
  return { problems, definitions, voters: electorate.voters };
}

const NAME_XML = 'name the libvirt XML file of this guest, relative to the cluster file';

function nameProblems(data: Record<string, unknown>, places: Places): Problem[] {
  const problems: Problem[] = [];
  if (data.hosts !== undefined && keysOf(data.hosts).length === 0) {
    problems.push({ place: places.key(['hosts']), what: 'hosts is empty', todo: 'add a host' });
  }
  for (const [section, singular] of [
    ['hosts', 'a host'],
    ['arbiters', 'an arbiter'],
    ['guests', 'a guest'],
  ] as const) {
    for (const name of keysOf(data[section])) {
      const place = places.key([section, name]);
      const wrong = nameSchema.safeParse(name).error?.issues[0]?.message;
      if (wrong)
        problems.push({ place, what: `${JSON.stringify(name)} cannot be the name of ${singular}`, todo: wrong });
      if (section === 'arbiters' && keysOf(data.hosts).includes(name)) {
        const todo = 'name the arbiter otherwise: it runs no guests';
        problems.push({ place, what: `${name} is a host and an arbiter`, todo });
      }
    }
  }
  return problems;
}

function timesProblems(data: Record<string, unknown>, places: Places): Problem[] {
  const overrides = timesSchema.partial().safeParse(data.times ?? {});
  const profile = data.profile ?? 'standard';
  if (!overrides.success || typeof profile !== 'string' || !Object.hasOwn(PROFILES, profile)) return [];
  const times: Times = Object.assign({}, PROFILES[profile as ProfileName], overrides.data);
  return impossibleTimes(times).map((what) => {
    const named = /^[A-Za-z]+Ms/.exec(what)?.[0];
    const place = places.key(named && Object.hasOwn(overrides.data, named) ? ['times', named] : ['times']);
    return { place, what, todo: `change it, or take times out: profile ${profile} holds` };
  });
}

function readable<T extends z.ZodType>(section: unknown, schema: T): Record<string, z.infer<T>> {
  const parts: [string, z.infer<T>][] = [];
  for (const name of keysOf(section)) {
    const parsed = schema.safeParse((section as Record<string, unknown>)[name]);
    if (parsed.success) parts.push([name, parsed.data]);
  }
  return Object.fromEntries(parts);
}

function keysOf(section: unknown): string[] {
  return section !== null && typeof section === 'object' && !Array.isArray(section) ? Object.keys(section) : [];
}
