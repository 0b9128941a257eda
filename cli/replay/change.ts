/** `--what-if KEY=VALUE`: a change of the cluster file in the log, checked as the file itself would be. */
import type { z } from 'zod';
import { knownKeys, schemaAt } from '../../adapters/config/file-schema.ts';
import { guestProblems } from '../../adapters/config/guests.ts';
import { hostProblems } from '../../adapters/config/hosts.ts';
import { nearest } from '../../adapters/config/nearest.ts';
import { type ClusterSpec, specSchema } from '../../machines/spec.ts';
import { impossibleTimes, PROFILES, type ProfileName } from '../../machines/times.ts';
import { failure } from '../../services/errors.ts';

type Tree = Record<string, unknown>;

/** Applies all changes, then checks the whole. Throws WHAT_IF_WRONG. */
export function changeSpec(spec: ClusterSpec, changes: readonly string[]): ClusterSpec {
  const changed = structuredClone(spec) as unknown as Tree;
  for (const given of changes) apply(changed, given);
  const all = changes.join(' --what-if ');
  const parsed = specSchema.safeParse(changed);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(all, `${issue!.path.join('.')}: ${issue!.message}`);
  }
  const problems = [...impossibleTimes(parsed.data.times), ...dangling(parsed.data)];
  if (problems.length > 0) throw wrong(all, problems.join('; '));
  return parsed.data;
}

function apply(spec: Tree, given: string): void {
  const [, key, text] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  if (key === undefined || text === undefined) throw wrong(given, 'there is no "=" in it');
  const path = key.split('.');
  // As it stands in a cluster file: the ladder belongs to the guest.
  if (path[0] === 'ladder') path.splice(0, 2, 'guests', path[1] ?? '', 'ladder');
  if (key === 'profile') {
    setProfile(spec, given, text);
    return;
  }
  let place: Tree = spec;
  for (const [depth, step] of path.entries()) {
    const known = keysAt(path.slice(0, depth), place, spec);
    if (!known.includes(step)) throw wrong(given, unknownKey(path.slice(0, depth), step, known));
    if (depth === path.length - 1) {
      set(place, step, text, given, path, spec);
      return;
    }
    if (place[step] === null || typeof place[step] !== 'object')
      throw wrong(given, `${path.slice(0, depth + 1).join('.')} has nothing below it`);
    place = place[step] as Tree;
  }
}

/** Times that the file sets by itself stay, as they would if only its `profile` were written anew. */
function setProfile(spec: Tree, given: string, name: string): void {
  if (!Object.hasOwn(PROFILES, name)) {
    const meant = nearest(name, Object.keys(PROFILES));
    throw wrong(given, meant ? `did you mean profile=${meant}?` : `profiles are ${Object.keys(PROFILES).join(', ')}`);
  }
  const before = PROFILES[spec.profile as ProfileName] as Tree;
  const own = Object.entries(spec.times as Tree).filter(([key, value]) => value !== before[key]);
  spec.profile = name;
  spec.times = { ...PROFILES[name as ProfileName], ...Object.fromEntries(own) };
}

/** Empty takes an optional key away. JSON where it is JSON, a text otherwise. */
function set(place: Tree, key: string, text: string, given: string, path: readonly string[], spec: Tree): void {
  if (text === '') delete place[key];
  else place[key] = jsonOrText(text);
  const schema: z.ZodType | undefined = schemaAt(path, spec);
  const issue = text === '' ? undefined : schema?.safeParse(place[key]).error?.issues[0];
  if (issue) throw wrong(given, `${path.join('.')} cannot be that: ${issue.message}`);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Keys of the schema where it has any; names of hosts, guests and the like where anything could stand. */
function keysAt(path: readonly string[], place: Tree, spec: Tree): readonly string[] {
  const keys = knownKeys(path, spec);
  return keys.length > 0 ? keys : Object.keys(place);
}

function unknownKey(path: readonly string[], step: string, known: readonly string[]): string {
  const where = path.length > 0 ? ` in ${path.join('.')}` : '';
  const meant = nearest(step, known);
  return `there is no "${step}"${where}; ${meant ? `did you mean "${meant}"?` : `known there: ${known.join(', ') || 'nothing'}`}`;
}

/** References that lead nowhere and guests that fit nowhere, in the words of "rekindle check". */
function dangling(spec: ClusterSpec): string[] {
  const places = { key: () => ({ line: 0, col: 0 }), value: () => ({ line: 0, col: 0 }) };
  const known = { hosts: spec.hosts, hostNames: Object.keys(spec.hosts), guestNames: Object.keys(spec.guests) };
  return [
    ...hostProblems(spec.hosts, spec.arbiters, places),
    ...Object.entries(spec.guests).flatMap(([name, guest]) => guestProblems(name, guest, known, places)),
  ].map(({ what }) => what);
}

const wrong = (given: string, reason: string) => failure('WHAT_IF_WRONG', { given, reason });
