/** The lines of a story that say what there is, and how it begins and ends. */
import type { ProfileName } from '../../machines/times.ts';
import type { Model } from '../simulation.ts';
import { merge } from './cluster.ts';
import {
  ARBITER_OPTIONS,
  type Change,
  GUEST_OPTIONS,
  HOST_LADDER_OPTIONS,
  HOST_OPTIONS,
  INSTALLATION_OPTIONS,
  MODEL_OPTIONS,
} from './cluster-phrases.ts';
import { must, type Phrase, phrase } from './phrase.ts';
import type { Known, Slots } from './slots.ts';
import { atColon, atCommas, type Statement, type Token, tokensOf } from './tokens.ts';

/** A story in the making. */
export interface Header {
  title: string;
  about: string;
  seed: number;
  cold: boolean;
  leader: string | null;
  untilMs: number | null;
  profile: ProfileName;
  voters: readonly string[] | null;
  model: Partial<Model>;
  hostLadder: Change;
  installation: Change;
  readonly hosts: Record<string, Change>;
  readonly arbiters: Record<string, Change>;
  readonly guests: Record<string, Change>;
  readonly racks: Record<string, string[]>;
}

export const newHeader = (): Header => ({
  title: '',
  about: '',
  seed: 1,
  cold: false,
  leader: null,
  untilMs: null,
  profile: 'fast',
  voters: null,
  model: {},
  hostLadder: {},
  installation: {},
  hosts: {},
  arbiters: {},
  guests: {},
  racks: {},
});

const NEW_NAMES: readonly Phrase<readonly string[]>[] = [phrase('NEW', ({ NEW }) => NEW)];
const NOBODY: Known = { hosts: [], arbiters: [], guests: [], racks: {} };

const begins = (tokens: readonly Token[], words: string) =>
  words.split(' ').every((word, index) => tokens[index]?.text === word);
const isStory = ({ text }: Statement) => /^story\b/.test(text);

/** First pass: who there is, and in which rack. A guest may be kept apart from one that is named further down. */
export function declare(statement: Statement, header: Header): void {
  if (isStory(statement)) return;
  const tokens = tokensOf(statement);
  const kind = (['hosts', 'arbiters', 'guests'] as const).find((one) => begins(tokens, one));
  if (kind === undefined) return;
  const { names, options } = namesAndOptions(tokens);
  const rack = options.find((option) => option[0]?.text === 'rack')?.[1]?.text;
  for (const name of names) {
    if ([header.hosts, header.arbiters, header.guests].some((known) => Object.hasOwn(known, name)))
      throw new Error(`there is a "${name}" already`);
    header[kind][name] = {};
    if (rack === undefined) continue;
    header.racks[rack] ??= [];
    header.racks[rack].push(name);
  }
}

function namesAndOptions(tokens: readonly Token[]) {
  const { head, rest } = atColon(tokens) ?? { head: tokens, rest: null };
  return { names: must(NEW_NAMES, head.slice(1), NOBODY), options: rest === null ? [] : atCommas(rest) };
}

type Reader = (header: Header, tokens: readonly Token[], known: Known) => void;

const simple = (pattern: string, set: (header: Header, slots: Slots) => void): Reader => {
  return (header, tokens, known) => set(header, must([phrase(pattern, (slots) => slots)], tokens, known));
};

const named = (kind: 'hosts' | 'arbiters' | 'guests', phrases: readonly Phrase<Change>[]): Reader => {
  return (header, tokens, known) => {
    const { names, options } = namesAndOptions(tokens);
    const changes = options.map((option) => must(phrases, option, known));
    for (const name of names) header[kind][name] = changes.reduce(merge, header[kind][name] ?? {});
  };
};

function optionsOf<T>(phrases: readonly Phrase<T>[], tokens: readonly Token[], known: Known, example: string): T[] {
  const parts = atColon(tokens);
  if (parts === null) throw new Error(`a colon is missing: say "${example}"`);
  return atCommas(parts.rest).map((option) => must(phrases, option, known));
}

const READERS: Readonly<Record<string, Reader>> = {
  profile: simple('profile PROFILE', (header, { PROFILE }) => {
    header.profile = PROFILE;
  }),
  voters: simple('voters NODES', (header, { NODES }) => {
    header.voters = NODES;
  }),
  leader: simple('leader NODE', (header, { NODE }) => {
    header.leader = NODE;
  }),
  seed: simple('seed N', (header, { N }) => {
    header.seed = N;
  }),
  until: simple('until MS', (header, { MS }) => {
    header.untilMs = MS;
  }),
  'cold start': simple('cold start', (header) => {
    header.cold = true;
  }),
  hosts: named('hosts', HOST_OPTIONS),
  arbiters: named('arbiters', ARBITER_OPTIONS),
  guests: named('guests', GUEST_OPTIONS),
  'host ladder'(header, tokens, known) {
    header.hostLadder = optionsOf(HOST_LADDER_OPTIONS, tokens, known, 'host ladder: 1 power cycle').reduce(
      merge,
      header.hostLadder,
    );
  },
  installation(header, tokens, known) {
    header.installation = optionsOf(INSTALLATION_OPTIONS, tokens, known, 'installation: 2 tries').reduce(
      merge,
      header.installation,
    );
  },
  takes(header, tokens, known) {
    for (const change of optionsOf(MODEL_OPTIONS, tokens, known, 'takes: a start 2s'))
      header.model = { ...header.model, ...change };
  },
};

/** Words that a line of the header begins with. */
export const HEADER_WORDS: readonly string[] = ['story', ...Object.keys(READERS)];

/** Second pass. False: the line is no line of the header. */
export function readHeader(statement: Statement, header: Header, known: Known): boolean {
  if (isStory(statement)) {
    header.title = statement.text.slice('story'.length).trim();
    header.about = statement.more.join(' ');
    return true;
  }
  const tokens = tokensOf(statement);
  const kind = Object.keys(READERS).find((one) => begins(tokens, one));
  if (kind === undefined) return false;
  READERS[kind]!(header, tokens, known);
  return true;
}
