/**
 * Sentences of the story language as patterns: `power loss of NODES [for FOR]`. Small letters are words, capitals are slots, `a|b` is a
 * choice of words, and what stands in brackets may be left out. What cannot be read is explained from the pattern that came farthest.
 */
import { list } from '../../machines/sentences.ts';
import { nearest } from './nearest.ts';
import { type Known, type Read, SLOTS, type Slots } from './slots.ts';
import type { Token } from './tokens.ts';

type Piece =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'slot'; readonly name: keyof Slots }
  | { readonly kind: 'optional'; readonly pieces: readonly Piece[] };

export interface Phrase<T> {
  /** As a person would look it up. */
  readonly pattern: string;
  readonly pieces: readonly Piece[];
  /** Reads only the slots of its own pattern; those within brackets may be undefined. */
  readonly build: (slots: Slots) => T;
}

export function phrase<T>(pattern: string, build: Phrase<T>['build']): Phrase<T> {
  const words = pattern.replaceAll('[', ' [ ').replaceAll(']', ' ] ').split(' ').filter(Boolean);
  return { pattern, pieces: piecesOf(words), build };
}

function piecesOf(words: string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let word = words.shift(); word !== undefined && word !== ']'; word = words.shift()) {
    if (word === '[') pieces.push({ kind: 'optional', pieces: piecesOf(words) });
    else if (/^[A-Z]/.test(word)) pieces.push({ kind: 'slot', name: word as keyof Slots });
    else pieces.push({ kind: 'words', words: word.split('|') });
  }
  return pieces;
}

const SLOT_WORDS: Readonly<Record<string, string>> = {
  NODES: 'NODE',
  TO: 'NODE',
  HOSTS: 'HOST',
  PLACES: 'HOST',
  GUESTS: 'GUEST',
  OF: 'SUBJECT',
  NAMES: 'NAME',
  FOR: 'TIME',
  MS: 'TIME',
  JITTER: 'TIME',
  LATER: 'TIME',
  RATIO: 'SHARE',
  TWICE: 'SHARE',
  MIB: 'AMOUNT',
  TEXT: '"TEXT"',
  THEN: 'ENTRY',
  HOST_STATES: 'STATE',
  GUEST_STATES: 'STATE',
};

/** The pattern as docs/drills.md has it: of a choice of words the first, and slots by what they take. */
export const usage = ({ pattern }: Phrase<unknown>): string =>
  pattern
    .replace(/(\S+?)\|[^\s\]]+/g, '$1')
    .replace(/[A-Z_]+/g, (slot) => SLOT_WORDS[slot] ?? slot)
    .replace(/ ([:,])/g, '$1')
    .replaceAll('[,] ', '')
    .replace(/\b(GUEST|HOST) are/, '$1S are');

/** What the first phrase says that reads all the tokens. Throws an Error that says what was not understood. */
export function must<T>(phrases: readonly Phrase<T>[], tokens: readonly Token[], known: Known): T {
  const stuck = noteWhereStuck();
  for (const { pieces, build } of phrases) {
    const slots: Record<string, unknown> = {};
    const end = match(pieces, tokens, 0, slots, known, stuck);
    if (end === tokens.length) return build(slots as unknown as Slots);
    if (end !== null) stuck.at(end, { expected: 'the end of the line' });
  }
  throw new Error(stuck.explain(tokens));
}

/** Position after the pieces, or null. */
function match(
  pieces: readonly Piece[],
  tokens: readonly Token[],
  from: number,
  slots: Record<string, unknown>,
  known: Known,
  stuck: Stuck,
): number | null {
  let at = from;
  for (const piece of pieces) {
    if (piece.kind === 'optional') {
      const inner: Record<string, unknown> = {};
      const end = match(piece.pieces, tokens, at, inner, known, stuck);
      if (end === null) continue;
      Object.assign(slots, inner);
      at = end;
      continue;
    }
    const read: Read<unknown> =
      piece.kind === 'words' ? readWord(piece.words, tokens, at) : SLOTS[piece.name](tokens, at, known);
    if (!('value' in read)) {
      stuck.at(read.at ?? at, read);
      return null;
    }
    if (piece.kind === 'slot') slots[piece.name] = read.value;
    at = read.next;
  }
  return at;
}

const readWord = (words: readonly string[], tokens: readonly Token[], at: number): Read<string> => {
  const token = tokens[at];
  return token && !token.quoted && words.includes(token.text)
    ? { value: token.text, next: at + 1 }
    : { expected: `"${words.join('" or "')}"`, known: words };
};

interface Reason {
  /** A noun: `a time such as 3s`. */
  readonly expected: string;
  /** Words among which the nearest is worth naming. */
  readonly known?: readonly string[];
}

interface Stuck {
  at(place: number, reason: Reason): void;
  explain(tokens: readonly Token[]): string;
}

/** The farthest place that any pattern came to, and all that could have followed there. */
function noteWhereStuck(): Stuck {
  let farthest = 0;
  let reasons: Reason[] = [];
  return {
    at(place, reason) {
      if (place < farthest) return;
      if (place > farthest) reasons = [];
      farthest = place;
      reasons.push(reason);
    },
    explain(tokens) {
      const found = tokens[farthest];
      const expected = [...new Set(reasons.map((reason) => reason.expected))];
      const shown = list(expected, 12);
      const before = tokens.slice(0, farthest).map(({ text }) => text);
      const after = before.length === 0 ? '' : ` after "${before.join(' ')}"`;
      if (!found) return `something is missing${after}: expected ${shown}`;
      const known = reasons.flatMap((reason) => reason.known ?? []);
      const meant = nearest(found.text, known);
      const hint = meant === undefined ? `expected ${shown}` : `did you mean "${meant}"?`;
      return `"${found.text}" is not understood${after}: ${hint}`;
    },
  };
}
