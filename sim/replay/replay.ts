/** Folds a stored log again through the very machines that decided, and says what they believed at any moment of it. */
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { fold } from '../../machines/fold.ts';
import { stateHash } from '../../machines/state-hash.ts';
import { type Chain, ChainBroken, createChain, type Raw, rawOf } from './chain.ts';

/** Where to stop: after entry `seq`, or before the first entry later than `atMs` (epoch milliseconds). */
export type Until = { readonly seq: number } | { readonly atMs: number };

export interface Replayed {
  readonly fleet: Fleet;
  /** SHA-256 of that state: the same on every node that folded these entries. */
  readonly stateHash: string;
  /** The latest entries, at most KEPT; all of a log that is shorter. */
  readonly entries: readonly Stored[];
  /** Times (epoch milliseconds) of the first and the last entry folded; null for an empty log. */
  readonly span: { readonly fromMs: number; readonly toMs: number } | null;
  /** State hash right after entry `markSeq`; null when the replay ended before it. */
  readonly marked: string | null;
  /** Set when the log is damaged: all else tells of what is good before that. */
  readonly broken: ChainBroken | null;
}

export interface ReplayOptions {
  readonly until?: Until | undefined;
  /** Also remember the state hash at this place: a checkpoint is there to be compared with. */
  readonly markSeq?: number | undefined;
}

/** Bounds what is kept for explanations and for a rehearsal; the fold itself needs no entry twice. */
export const KEPT = 50_000;
/** Entries folded at once: tables are then copied once for all of them. */
const BATCH = 256;

/** Never throws for what is wrong in the log: see `broken`. */
export async function replay(
  source: AsyncIterable<Raw | string> | Iterable<Raw | string>,
  { until, markSeq }: ReplayOptions = {},
): Promise<Replayed> {
  const chain = createChain();
  let fleet = emptyFleet;
  let marked: string | null = markSeq === 0 ? stateHash(fleet) : null;
  let broken: ChainBroken | null = null;
  let fromMs: number | null = null;
  const entries: Stored[] = [];
  let batch: Stored[] = [];
  const flush = () => {
    fleet = fold(fleet, batch);
    batch = [];
  };

  try {
    for await (const item of source) {
      if (until && 'seq' in until && chain.nextSeq() > until.seq) break;
      const stored = readNext(chain, item);
      if (until && 'atMs' in until && Date.parse(stored.entry.time) > until.atMs) break;
      fromMs ??= Date.parse(stored.entry.time);
      batch.push(stored);
      entries.push(stored);
      if (entries.length >= 2 * KEPT) entries.splice(0, KEPT);
      if (batch.length >= BATCH || stored.seq === markSeq) flush();
      if (stored.seq === markSeq) marked = stateHash(fleet);
    }
  } catch (error) {
    if (!(error instanceof ChainBroken)) throw error;
    broken = error;
  }
  flush();
  return {
    fleet,
    stateHash: stateHash(fleet),
    entries: entries.slice(-KEPT),
    span: fromMs === null ? null : { fromMs, toMs: Date.parse(entries.at(-1)!.entry.time) },
    marked,
    broken,
  };
}

const readNext = (chain: Chain, item: Raw | string): Stored =>
  chain.next(typeof item === 'string' ? rawOf(item, chain.nextSeq()) : item);
