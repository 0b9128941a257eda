/** A story with other names for its hosts, arbiters and guests: those of the lab, or of a cluster in service. Pure. */
import { guestOfPlaceholder, hostOf, type Story } from './ast.ts';

/** From the names of a story to those it is told with. */
export type Names = ReadonlyMap<string, string>;

/** Names that the lab has anyway are kept; otherwise the first becomes the first. */
export function namesFor(story: readonly string[], lab: readonly string[]): [string, string][] {
  const kept = story.every((name) => lab.includes(name));
  return story.slice(0, lab.length).map((name, index) => [name, kept ? name : lab[index]!]);
}

/** Fields that hold a name, or a list of them. All else is text, numbers and words of the language. */
const NAMING = new Set(
  'voters leader node from to at guest guests host hosts nodes of subject prefers together apart'.split(' '),
);
/** Records by name. */
const BY_NAME = new Set(['hosts', 'guests', 'arbiters']);
/** What a person reads, or what is looked for in such text. */
const TEXTS = new Set(['words', 'says']);

export function renamed(story: Story, names: Names): Story {
  if ([...names].every(([from, to]) => from === to)) return story;
  return change(story, '', names) as Story;
}

function change(value: unknown, key: string, names: Names): unknown {
  if (typeof value === 'string') {
    if (TEXTS.has(key)) return value.replace(/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?/g, (word) => names.get(word) ?? word);
    if (!NAMING.has(key)) return value;
    const guest = guestOfPlaceholder(value);
    return guest === null ? (names.get(value) ?? value) : hostOf(names.get(guest) ?? guest);
  }
  if (Array.isArray(value)) return value.map((one) => change(one, key, names));
  if (typeof value !== 'object' || value === null) return value;
  const named = BY_NAME.has(key);
  return Object.fromEntries(
    Object.entries(value).map(([field, one]) => [
      named ? (names.get(field) ?? field) : field,
      change(one, named ? '' : field, names),
    ]),
  );
}
