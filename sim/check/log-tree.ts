/**
 * Every log that the small world can write, as a tree: a node is the log that ends there. Each is folded once, by the
 * very fold of the engine; branches of a lost end live beside each other.
 */
import type { Draft, Entry } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { apply, rejection } from '../../machines/fold.ts';

const TIME = '2026-01-01T00:00:00.000Z';

export interface LogTree {
  /** The log with one more entry, written in `epoch`. */
  append(log: number, draft: Draft, epoch: number): number;
  /** Would the entry have force there? */
  counts(log: number, draft: Draft, epoch: number): boolean;
  fleet(log: number): Fleet;
  length(log: number): number;
  /** Of its last entry. */
  type(log: number): Draft['type'] | null;
  /** The log without its last `entries`. */
  without(log: number, entries: number): number;
  /** Is `log` the whole or the beginning of `other`? */
  begins(log: number, other: number): boolean;
  size(): number;
}

export const EMPTY_LOG = 0;

export function createLogTree(): LogTree {
  const nodes: { parent: number; fleet: Fleet; type: Draft['type'] | null }[] = [
    { parent: -1, fleet: emptyFleet, type: null },
  ];
  const children = new Map<string, number>();

  const storedAfter = (log: number, draft: Draft, epoch: number) => {
    const seq = nodes[log]!.fleet.seq + 1;
    const entry = {
      specversion: '1.0',
      id: `${epoch}.${seq}`,
      source: `c${epoch}`,
      time: TIME,
      epoch,
      prevhash: '',
      ...draft,
    };
    return { seq, hash: '', entry: entry as Entry };
  };
  const length = (log: number) => nodes[log]!.fleet.seq;
  const without = (log: number, entries: number): number => {
    let node = log;
    for (let i = 0; i < entries; i += 1) node = nodes[node]!.parent;
    return node;
  };

  return {
    append(log, draft, epoch) {
      const key = `${log} ${epoch} ${draft.type} ${draft.subject} ${JSON.stringify(draft.data)}`;
      const known = children.get(key);
      if (known !== undefined) return known;
      nodes.push({ parent: log, fleet: apply(nodes[log]!.fleet, storedAfter(log, draft, epoch)), type: draft.type });
      children.set(key, nodes.length - 1);
      return nodes.length - 1;
    },
    counts: (log, draft, epoch) => rejection(nodes[log]!.fleet, storedAfter(log, draft, epoch).entry) === null,
    fleet: (log) => nodes[log]!.fleet,
    length,
    type: (log) => nodes[log]!.type,
    without,
    begins: (log, other) => length(log) <= length(other) && without(other, length(other) - length(log)) === log,
    size: () => nodes.length,
  };
}
