/** Proof that a log is whole: every entry has its hash, follows the one before it, and is of a kind that is known. */
import { createHash } from 'node:crypto';
import { parseEntry, type Stored } from '../../machines/entries.ts';
import { GENESIS_HASH } from '../../machines/fleet.ts';

/** An entry as it was stored, before anything about it is believed. `bytes`: the entry's own JSON, untouched. */
export interface Raw {
  readonly seq: number;
  readonly hash: string;
  readonly bytes: string;
}

/** `seq`: the place that should have been read. Everything before it is good. */
export class ChainBroken extends Error {
  override readonly name = 'ChainBroken';
  readonly seq: number;

  constructor(seq: number, reason: string, cause?: unknown) {
    super(reason, { cause });
    this.seq = seq;
  }
}

/** The exact form of `rekindle log --json`: anything else has been through other hands. */
const LINE = /^\{"seq":(\d{1,15}),"hash":"([0-9a-f]{64})","entry":(\{.*\})\}$/s;

/** The entry of one line of `rekindle log --json`. Throws ChainBroken with what is wrong about the line at place `seq`. */
export function rawOf(line: string, seq: number): Raw {
  const [, number, hash, bytes] = LINE.exec(line) ?? [];
  if (number !== undefined && hash !== undefined && bytes !== undefined) return { seq: Number(number), hash, bytes };
  const cutOff = line.startsWith('{"seq":') && !line.endsWith('}}');
  throw new ChainBroken(seq, cutOff ? 'its line is cut off' : 'its line is not as "rekindle log --json" prints it');
}

export interface Chain {
  /** The next entry, proven to be what was stored there. Throws ChainBroken. */
  next(raw: Raw): Stored;
  /** Place of the entry that comes next. */
  nextSeq(): number;
}

export function createChain(): Chain {
  let seq = 0;
  let head = GENESIS_HASH;

  return {
    nextSeq: () => seq + 1,
    next({ seq: found, hash, bytes }) {
      const place = seq + 1;
      const broken = (reason: string, cause?: unknown) => new ChainBroken(place, reason, cause);
      if (found !== place) throw broken(outOfPlace(found, place));
      if (createHash('sha256').update(bytes).digest('hex') !== hash) throw broken('it does not have its hash any more');
      let stored: Stored;
      try {
        stored = { seq: found, hash, entry: parseEntry(JSON.parse(bytes)) };
      } catch (cause) {
        throw broken('this version cannot read it; another version of Rekindle may have written it', cause);
      }
      if (stored.entry.prevhash !== head) throw broken(`it does not follow entry ${seq}: another log goes on here`);
      [seq, head] = [found, hash];
      return stored;
    },
  };
}

function outOfPlace(found: number, place: number): string {
  if (found < place) return `entry ${found} stands in its place`;
  if (place === 1) return `the log begins at entry ${found}; a replay needs all of it, from the first entry on`;
  return found - place === 1 ? 'it is missing' : `it is missing, and all up to entry ${found}`;
}
