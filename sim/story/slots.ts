/** The blanks in the sentences of the story language: what may stand there, and what it means. */
import { dataSchemas, type EntryType } from '../../machines/entries.ts';
import { GUEST_STATES, type GuestStateName, HOST_STATES, type HostStateName } from '../../machines/fleet.ts';
import { list } from '../../machines/sentences.ts';
import { type EntryPattern, hostOf, LEADER } from './ast.ts';
import type { Token } from './tokens.ts';

/** What a story has named so far. */
export interface Known {
  readonly hosts: readonly string[];
  readonly arbiters: readonly string[];
  readonly guests: readonly string[];
  /** Failure domain to its nodes. */
  readonly racks: Readonly<Record<string, readonly string[]>>;
}

/** `at`: the token that was not understood, where that is not the first. */
export type Read<T> =
  | { readonly value: T; readonly next: number }
  | { readonly expected: string; readonly known?: readonly string[]; readonly at?: number };

type Reader<T> = (tokens: readonly Token[], at: number, known: Known) => Read<T>;

export interface Slots {
  /** Declared here for the first time. */
  readonly NEW: readonly string[];
  readonly NAME: string;
  readonly NAMES: readonly string[];
  readonly NODE: string;
  readonly NODES: readonly string[];
  readonly TO: readonly string[];
  readonly HOST: string;
  readonly HOSTS: readonly string[];
  readonly GUEST: string;
  readonly GUESTS: readonly string[];
  /** Host or guest. */
  readonly OF: string | undefined;
  readonly PLACES: readonly string[];
  readonly MS: number;
  readonly FOR: number | undefined;
  readonly LATER: number | undefined;
  readonly N: number;
  readonly TH: number | undefined;
  readonly RATIO: number;
  readonly TWICE: number | undefined;
  readonly JITTER: number | undefined;
  readonly MIB: number;
  readonly TEXT: string;
  readonly ENTRY: EntryPattern;
  readonly THEN: EntryPattern;
  readonly HOST_STATES: readonly HostStateName[];
  readonly GUEST_STATES: readonly GuestStateName[];
  readonly PROFILE: 'fast' | 'standard' | 'wan';
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 };
const NAME = /^(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const ENTRY_TYPES = Object.keys(dataSchemas) as EntryType[];

const word = (tokens: readonly Token[], at: number): string | undefined =>
  tokens[at] && !tokens[at].quoted ? tokens[at].text : undefined;

function pick<T>(expected: string, parse: (text: string) => T | undefined, known?: readonly string[]): Reader<T> {
  return (tokens, at) => {
    const text = word(tokens, at);
    const value = text === undefined ? undefined : parse(text);
    if (value !== undefined) return { value, next: at + 1 };
    return known ? { expected, known } : { expected };
  };
}

const oneOf = <T extends string>(expected: string, all: readonly T[]): Reader<T> =>
  pick(expected, (text) => all.find((one) => one === text), all);

const named = (kind: string, all: (known: Known) => readonly string[]): Reader<string> => {
  return (tokens, at, known) => {
    const names = all(known);
    return oneOf(`${kind} (${list(names) || 'none'})`, names)(tokens, at, known);
  };
};

/** Time with its unit, in ms. */
function ms(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|min|h)$/.exec(text) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * UNITS[unit!]!);
}

/** One or more, with commas, `and`, `or` or nothing in between. */
function many<T>(one: Reader<T>): Reader<readonly T[]> {
  return (tokens, from, known) => {
    const first = one(tokens, from, known);
    if (!('value' in first)) return first;
    const values = [first.value];
    let next = first.next;
    for (;;) {
      let at = next;
      let joined = false;
      while ([',', 'and', 'or'].includes(word(tokens, at) ?? '')) {
        joined = true;
        at += 1;
      }
      const more = one(tokens, at, known);
      if (!('value' in more)) {
        // A joining word promises another name, unless it is the last thing that this reader could know.
        if (joined && word(tokens, at - 1) !== ',') return { ...more, at };
        return { value: values, next };
      }
      values.push(more.value);
      next = more.next;
    }
  };
}

const nodesOf = ({ hosts, arbiters }: Known) => [...hosts, ...arbiters];

/** A name; `the leader`; `the host of g1`. */
const node: Reader<string> = (tokens, at, known) => {
  if (word(tokens, at) !== 'the') return named('a node', nodesOf)(tokens, at, known);
  if (word(tokens, at + 1) === 'leader') return { value: LEADER, next: at + 2 };
  if (word(tokens, at + 1) !== 'host' || word(tokens, at + 2) !== 'of')
    return { expected: '"the leader" or "the host of GUEST"', known: ['leader', 'host'], at: at + 1 };
  const guest = named('a guest', ({ guests }) => guests)(tokens, at + 3, known);
  return 'value' in guest ? { value: hostOf(guest.value), next: guest.next } : { ...guest, at: at + 3 };
};

/** Names; `every host`, `every node`, `rack r1`. */
const group =
  (
    one: Reader<string>,
    all: Readonly<Record<string, (known: Known) => readonly string[]>>,
  ): Reader<readonly string[]> =>
  (tokens, at, known) => {
    const first = word(tokens, at);
    if (first === 'every') {
      const what = word(tokens, at + 1) ?? '';
      const every = Object.hasOwn(all, what) ? all[what] : undefined;
      if (every) return { value: every(known), next: at + 2 };
      return { expected: list(Object.keys(all)), known: Object.keys(all), at: at + 1 };
    }
    if (first === 'rack' && Object.hasOwn(all, 'node')) {
      const racks = Object.keys(known.racks);
      const rack = oneOf(`a rack (${list(racks)})`, racks)(tokens, at + 1, known);
      return 'value' in rack ? { value: known.racks[rack.value]!, next: rack.next } : { ...rack, at: at + 1 };
    }
    return many(one)(tokens, at, known);
  };

/** New names, or a row of them: `h1 to h8`. */
const fresh: Reader<readonly string[]> = (tokens, at, known) => {
  const [, stem, first] = /^(.*?)(\d+)$/.exec(word(tokens, at) ?? '') ?? [];
  const [, stem2, last] = /^(.*?)(\d+)$/.exec(word(tokens, at + 2) ?? '') ?? [];
  if (word(tokens, at + 1) === 'to' && stem && stem === stem2) {
    const count = Number(last) - Number(first) + 1;
    if (count < 1 || count > 100) return { expected: 'a row of 1 to 100 names', at: at + 2 };
    return { value: Array.from({ length: count }, (_, i) => `${stem}${Number(first) + i}`), next: at + 3 };
  }
  return many(pick('a name of a-z, 0-9 and "-"', (text) => (NAME.test(text) ? text : undefined)))(tokens, at, known);
};

const name = pick('a name of a-z, 0-9 and "-"', (text) => (NAME.test(text) ? text : undefined));
const host = named('a host', ({ hosts }) => hosts);
const guest = named('a guest', ({ guests }) => guests);
const subject = named('a host or guest', ({ hosts, guests }) => [...hosts, ...guests]);
const time = pick('a time such as 500ms, 3s or 2min', ms);
/** `5%`, to a billionth. */
const ratio = pick('a share such as 5%', (text) => {
  const percent = /^\d+(\.\d+)?%$/.test(text) ? Number.parseFloat(text) : 101;
  return percent > 100 ? undefined : Math.round(percent * 1e7) / 1e9;
});
const entryType = oneOf('an entry type such as guest.granted (docs/log.md)', ENTRY_TYPES);

const states = <T extends string>(kind: string, all: readonly T[]): Reader<readonly T[]> =>
  many(oneOf(`a state of a ${kind} (${all.join(', ')})`, all));

const entry: Reader<EntryPattern> = (tokens, at, known) => {
  const type = entryType(tokens, at, known);
  if (!('value' in type)) return type;
  if (word(tokens, type.next) !== 'of') return { value: { type: type.value, of: null }, next: type.next };
  const of = subject(tokens, type.next + 1, known);
  return 'value' in of ? { value: { type: type.value, of: of.value }, next: of.next } : { ...of, at: type.next + 1 };
};

export const SLOTS: { readonly [S in keyof Slots]: Reader<NonNullable<Slots[S]>> } = {
  NEW: fresh,
  NAME: name,
  NAMES: many(name),
  NODE: node,
  NODES: group(node, { host: ({ hosts }) => hosts, node: nodesOf }),
  TO: group(node, { host: ({ hosts }) => hosts, node: nodesOf }),
  HOST: host,
  HOSTS: group(host, { host: ({ hosts }) => hosts }),
  GUEST: guest,
  GUESTS: group(guest, { guest: ({ guests }) => guests }),
  OF: subject,
  PLACES: many(host),
  MS: time,
  FOR: time,
  LATER: time,
  N: pick('a whole number', (text) => (/^\d+$/.test(text) ? Number(text) : undefined)),
  TH: pick('a place such as 2nd', (text) =>
    /^[1-9]\d*(st|nd|rd|th)$/.test(text) ? Number.parseInt(text, 10) : undefined,
  ),
  RATIO: ratio,
  TWICE: ratio,
  JITTER: time,
  MIB: pick('an amount such as 512MiB or 8GiB', (text) => {
    const [, number, unit] = /^(\d+)(MiB|GiB)$/.exec(text) ?? [];
    return number === undefined ? undefined : Number(number) * (unit === 'GiB' ? 1_024 : 1);
  }),
  TEXT: (tokens, at) =>
    tokens[at]?.quoted ? { value: tokens[at].text, next: at + 1 } : { expected: 'a text in double quotes' },
  ENTRY: entry,
  THEN: entry,
  HOST_STATES: states('host', Object.keys(HOST_STATES) as HostStateName[]),
  GUEST_STATES: states('guest', Object.keys(GUEST_STATES) as GuestStateName[]),
  PROFILE: oneOf('a profile', ['fast', 'standard', 'wan']),
};
