/**
 * Breadth-first search over every state of a small world: the first violation found is one of the shortest. States are
 * kept whole, a few 32-bit words each, so no two of them are ever taken for one.
 */

export interface World<S> {
  readonly name: string;
  /** 32-bit words per state. */
  readonly words: number;
  initial(): readonly S[];
  /** Calls `step` with each state that can follow, and what happens, in words. */
  next(state: S, step: (told: string, state: S) => void): void;
  /** Writes the state, or one that it equals but for names, to `into` from `at` on. */
  encode(state: S, into: Uint32Array, at: number): void;
  decode(from: Uint32Array, at: number): S;
  /** The invariant that this state breaks, or null. */
  wrong(state: S): string | null;
}

export interface Progress {
  readonly states: number;
  readonly steps: number;
  readonly depth: number;
  readonly waiting: number;
}

export interface Result extends Omit<Progress, 'waiting'> {
  /** `bound`: stopped at `most` states without a violation. */
  readonly ended: 'no-violation' | 'violation' | 'bound';
  readonly violation: string | null;
  /** Shortest way to the violation. */
  readonly trace: readonly string[];
}

export interface Limits {
  /** Most states to hold; memory is about (4·words + 12) bytes for each. */
  readonly most: number;
  readonly progress?: (progress: Progress) => void;
}

const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const PROGRESS_EVERY = 1 << 16;

export function explore<S extends object>(world: World<S>, { most, progress }: Limits): Result {
  const { words } = world;
  const chunks: Uint32Array[] = [];
  const parents: Int32Array[] = [];
  let table = new Int32Array(1 << 16).fill(-1);
  let count = 0;
  let steps = 0;
  const scratch = new Uint32Array(words);

  const hash = (from: Uint32Array, at: number): number => {
    let h = 0x9e3779b9;
    for (let i = 0; i < words; i += 1) {
      h = Math.imul(h ^ from[at + i]!, 0x85ebca6b);
      h ^= h >>> 13;
    }
    h = Math.imul(h, 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  };
  const grow = () => {
    table = new Int32Array(table.length * 2).fill(-1);
    for (let id = 0; id < count; id += 1) {
      let slot = hash(chunks[id >> CHUNK_BITS]!, (id & (CHUNK - 1)) * words) & (table.length - 1);
      while (table[slot] !== -1) slot = (slot + 1) & (table.length - 1);
      table[slot] = id;
    }
  };
  /** Number of the state in `scratch`, or −1 when it was known already. */
  const add = (parent: number): number => {
    if (count * 2 >= table.length) grow();
    let slot = hash(scratch, 0) & (table.length - 1);
    for (let id = table[slot]!; id !== -1; id = table[slot]!) {
      const chunk = chunks[id >> CHUNK_BITS]!;
      const at = (id & (CHUNK - 1)) * words;
      let same = true;
      for (let i = 0; same && i < words; i += 1) same = chunk[at + i] === scratch[i];
      if (same) return -1;
      slot = (slot + 1) & (table.length - 1);
    }
    if ((count & (CHUNK - 1)) === 0) {
      chunks.push(new Uint32Array(CHUNK * words));
      parents.push(new Int32Array(CHUNK));
    }
    table[slot] = count;
    chunks[count >> CHUNK_BITS]!.set(scratch, (count & (CHUNK - 1)) * words);
    parents[count >> CHUNK_BITS]![count & (CHUNK - 1)] = parent;
    count += 1;
    return count - 1;
  };
  const stateOf = (id: number) => world.decode(chunks[id >> CHUNK_BITS]!, (id & (CHUNK - 1)) * words);
  const isState = (id: number, state: S): boolean => {
    world.encode(state, scratch, 0);
    const at = (id & (CHUNK - 1)) * words;
    return scratch.every((word, i) => chunks[id >> CHUNK_BITS]![at + i] === word);
  };

  /** Walked again from the start without renaming anything, so that a name means the same thing in every line. */
  const retrace = (last: number): string[] => {
    const ids: number[] = [];
    for (let id = last; id !== -1; id = parents[id >> CHUNK_BITS]![id & (CHUNK - 1)]!) ids.unshift(id);
    let state = world.initial().find((one) => isState(ids[0]!, one))!;
    return ids.slice(1).map((id) => {
      let line: string | null = null;
      let after = state;
      world.next(state, (told, then) => {
        if (line !== null || !isState(id, then)) return;
        line = told;
        after = then;
      });
      state = after;
      return line ?? 'a step that cannot be told';
    });
  };

  let depth = 0;
  let found: { id: number; violation: string } | null = null;
  let endOfDepth = 0;
  let current = -1;
  const visit = (_: string, state: S) => {
    steps += 1;
    if (found) return;
    world.encode(state, scratch, 0);
    const id = add(current);
    if (id === -1) return;
    const violation = world.wrong(state);
    if (violation !== null) found = { id, violation };
  };
  for (const state of world.initial()) visit('', state);
  endOfDepth = count;
  for (current = 0; current < count && !found && count < most; current += 1) {
    if (current === endOfDepth) {
      depth += 1;
      endOfDepth = count;
    }
    world.next(stateOf(current), visit);
    if (progress && (current & (PROGRESS_EVERY - 1)) === 0)
      progress({ states: count, steps, depth, waiting: count - current });
  }
  const violated = found as { id: number; violation: string } | null;
  const trace = violated ? retrace(violated.id) : [];
  return {
    states: count,
    steps,
    depth: violated ? trace.length : depth,
    ended: violated ? 'violation' : current < count ? 'bound' : 'no-violation',
    violation: violated?.violation ?? null,
    trace,
  };
}
