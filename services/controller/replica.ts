/**
 * This node's copy of the log and of the state folded from it. Every controller keeps one; the leader's is fed by its
 * own appends as well, the moment they are stored.
 */

import type { Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { apply, fold } from '../../machines/fold.ts';
import { stateHash, stateHashInSteps } from '../../machines/state-hash.ts';
import { pause } from '../every.ts';
import type { Clock, Journal, Log, Say } from '../ports.ts';

/** A checkpoint after this many entries bounds the replay at start. */
const CHECKPOINT_EVERY = 1_000;
const REPLAY_CHUNK = 1_000;
/** Of work on entries that have come together, after which everything else in this process gets its turn. */
const TURN_MS = 20;

export interface Replica {
  fleet(): Fleet;
  head(): { readonly seq: number; readonly hash: string };
  entries(fromSeq: number, toSeq: number): readonly Stored[];
  /** Takes the next entry; one already held is ignored. False: it does not continue our chain. */
  take(stored: Stored): boolean;
  onEntry(listener: (stored: Stored, fleet: Fleet) => void): () => void;
  /** Resolves once everything up to `seq` is folded; rejects when `signal` aborts. */
  caughtUp(seq: number, signal: AbortSignal): Promise<void>;
  /** Compares our copy with what another node has at `seq`; a difference breaks it. True: the same, or not comparable. */
  agrees(seq: number, hash: string): boolean;
  /** Set when this copy and the stream disagree, and while the journal cannot be written: such a node must not lead. */
  broken(): string | null;
  /** Restarts following from our head, after lost entries were stored again. */
  mend(): void;
  stop(): void;
}

export interface ReplicaPorts {
  readonly log: Log;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly say: Say;
  /** How the next entry becomes state; `apply`, unless many replicas in one process share the work. */
  readonly step?: typeof apply;
}

export async function openReplica({ log, journal, clock, say, step = apply }: ReplicaPorts): Promise<Replica> {
  const checkpoint = journal.checkpoint();
  let fleet: Fleet = emptyFleet;
  // Leases are renewed on this thread too, and a large state takes long.
  const inSteps = async <T>(steps: Iterator<void, T>): Promise<T> => {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await pause(clock, 0);
    }
  };
  const usable =
    checkpoint?.fleet.version === emptyFleet.version &&
    (await inSteps(stateHashInSteps(checkpoint.fleet))) === checkpoint.stateHash;
  if (checkpoint && usable) fleet = checkpoint.fleet;
  else if (checkpoint)
    say.warn('checkpoint does not match its hash, or is of another version; folding the journal from the start', {
      seq: checkpoint.seq,
    });
  const end = journal.head().seq;
  while (fleet.seq < end) {
    fleet = fold(fleet, journal.read(fleet.seq + 1, Math.min(end, fleet.seq + REPLAY_CHUNK)));
    await pause(clock, 0);
  }

  const listeners = new Set<(stored: Stored, fleet: Fleet) => void>();
  const ended = new AbortController();
  let broken: string | null = null;
  let unwritable: string | null = null;
  let following = new AbortController();

  /** Throws while the journal cannot be written: what is not on disk here is not folded here, and is read again later. */
  const keep = (stored: Stored) => {
    try {
      journal.add([stored]);
      if (unwritable) say.info('the journal can be written again', { seq: stored.seq });
      unwritable = null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!unwritable) say.error('the journal cannot be written: this node does not lead until it can', { reason });
      unwritable = `the journal cannot be written: ${reason}`;
      throw error;
    }
  };

  let checkpoints: Promise<void> = Promise.resolve();
  /** Of a state that may be some entries old by the end: a start folds the rest. */
  const putCheckpoint = async (of: Fleet): Promise<void> => {
    try {
      const hash = await inSteps(stateHashInSteps(of));
      for (const _ of journal.checkpointInSteps({ seq: of.seq, stateHash: hash, fleet: of })) {
        if (ended.signal.aborted) return;
        await pause(clock, 0);
      }
    } catch (error) {
      say.warn('no checkpoint was written; the next start folds from the last', { seq: of.seq, error: String(error) });
    }
  };

  const take = (stored: Stored): boolean => {
    if (stored.seq <= fleet.seq) return agrees(stored.seq, stored.hash);
    if (stored.seq !== fleet.seq + 1 || stored.entry.prevhash !== fleet.hash)
      return fork(stored.seq, fleet.hash, stored.entry.prevhash);
    keep(stored);
    fleet = step(fleet, stored);
    if (fleet.seq % CHECKPOINT_EVERY === 0) checkpoints = checkpoints.then(() => putCheckpoint(fleet));
    for (const listener of listeners) listener(stored, fleet);
    return true;
  };

  const agrees = (seq: number, hash: string): boolean => {
    if (seq > fleet.seq || seq === 0) return true;
    const ours = seq === fleet.seq ? fleet.hash : journal.read(seq, seq)[0]?.hash;
    return ours === undefined || ours === hash || fork(seq, ours, hash);
  };

  const fork = (seq: number, ours: string, theirs: string): false => {
    broken = `the log and this node's journal differ at entry ${seq} (ours ${ours.slice(0, 12)}, theirs ${theirs.slice(0, 12)})`;
    say.error('log fork: this node stops leading', { seq, ours, theirs });
    return false;
  };

  const follow = async () => {
    let workedMs = 0;
    while (!ended.signal.aborted) {
      following = new AbortController();
      try {
        for await (const stored of log.follow(fleet.seq, following.signal)) {
          const began = clock.now();
          if (!take(stored)) break;
          workedMs += clock.now() - began;
          if (workedMs < TURN_MS) continue;
          // A new host reads the log from its start, on the thread that renews its lease: nobody must take it for dead meanwhile.
          await pause(clock, 0);
          workedMs = 0;
        }
      } catch (error) {
        if (!unwritable) say.warn('following the log broke off', { after: fleet.seq, error: String(error) });
      }
      if (broken) return;
      await pause(clock, 250, ended.signal);
    }
  };
  void follow();

  return {
    fleet: () => fleet,
    head: () => ({ seq: fleet.seq, hash: fleet.hash }),
    entries: (fromSeq, toSeq) => journal.read(fromSeq, toSeq),
    take,
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    caughtUp(seq, signal) {
      return new Promise((resolve, reject) => {
        if (fleet.seq >= seq) return resolve();
        const end = () => {
          listeners.delete(listener);
          signal.removeEventListener('abort', abort);
        };
        const listener = () => {
          if (fleet.seq < seq) return;
          end();
          resolve();
        };
        const abort = () => {
          end();
          reject(new Error(`not caught up with entry ${seq}`));
        };
        listeners.add(listener);
        signal.addEventListener('abort', abort, { once: true });
      });
    },
    agrees,
    broken: () => broken ?? unwritable,
    mend: () => following.abort(),
    stop() {
      ended.abort();
      following.abort();
      if (fleet.seq > 0) journal.setCheckpoint({ seq: fleet.seq, stateHash: stateHash(fleet), fleet });
    },
  };
}
