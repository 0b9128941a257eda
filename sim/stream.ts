/**
 * An invented JetStream stream with what the real one was seen to do: elections of 4 to 9 s in which nothing is
 * appended or read, acknowledgements that get lost after the entry was stored, an acknowledged tail that is forgotten,
 * and reads that answer from the past.
 */
import { createHash } from 'node:crypto';
import { type Draft, type Entry, parseEntry, type Stored } from '../machines/entries.ts';
import type { Log } from '../services/ports.ts';
import type { Network } from './network.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Model } from './simulation.ts';

export interface Stream {
  log(node: string, process: Process): Log;
  entries(): readonly Stored[];
  /** The voter whose nats-server leads the stream; null during an election. */
  leader(): string | null;
  stall(forMs: number): void;
  /** Forgets the last entries; returns the first sequence forgotten. */
  rollback(entries: number): number;
  setLostAcks(ratio: number): void;
  setStaleReads(lagMs: number): void;
}

const POLL_MS = 50;
/** An append whose acknowledgement has not come is looked up after this long. */
const ACK_MS = 500;
/** Who asks the stream and is not answered gives up after this long. */
const READ_MS = 1_000;

export function createStream(
  scheduler: Scheduler,
  random: Random,
  network: Network,
  voters: readonly string[],
  model: Model,
  said: { stored(stored: Stored): void; rolledBack(fromSeq: number): void },
  past: readonly Stored[] = [],
): Stream {
  const entries: Stored[] = [...past];
  /** Lengths the stream has had, newest last; only for stale reads, so a few suffice. */
  let lengths: { atMs: number; length: number }[] = [{ atMs: 0, length: entries.length }];
  let leader: string | null = voters.at(-1)!;
  let electedAtMs = 0;
  let stalledUntilMs = 0;
  let lostAcks = 0;
  let lagMs = 0;
  const waiters = new Set<() => void>();

  const hasMajority = (voter: string) =>
    voters.filter((other) => network.serversReach(voter, other)).length > voters.length / 2;

  /** The leader now, after any election that has come to its end. */
  const currentLeader = (): string | null => {
    const now = scheduler.now();
    if (now < stalledUntilMs) return null;
    if (leader !== null && hasMajority(leader)) return leader;
    if (leader !== null) {
      leader = null;
      electedAtMs = now + random.between(model.streamElectionMs);
    }
    if (now < electedAtMs) return null;
    const able = voters.filter(hasMajority);
    if (able.length > 0) leader = random.pick(able);
    return leader;
  };
  const serving = (node: string): string | null => {
    const found = currentLeader();
    return found !== null && network.clientReaches(node, found) ? found : null;
  };

  const noteLength = () => {
    lengths.push({ atMs: scheduler.now(), length: entries.length });
    if (lengths.length > 1_000) lengths = lengths.slice(500);
  };
  const push = (stored: Stored) => {
    entries.push(stored);
    noteLength();
    said.stored(stored);
    const waiting = [...waiters];
    waiters.clear();
    for (const wake of waiting) wake();
  };

  /** The stream's own part of an append: nothing of it depends on whether the writer still lives. */
  const commit = (seq: number, make: () => Stored): Stored | null => {
    if (entries.length + 1 !== seq) return null;
    const stored = make();
    push(stored);
    return stored;
  };

  const append = async (
    node: string,
    process: Process,
    seq: number,
    make: () => Stored,
    mine: (there: Stored) => boolean,
    signal: AbortSignal,
  ): ReturnType<Log['append']> => {
    for (;;) {
      while (serving(node) === null) {
        if (signal.aborted) return { kind: 'unknown', reason: 'the stream has no leader' };
        await process.delay(POLL_MS);
      }
      if (signal.aborted) return { kind: 'unknown', reason: 'given up' };
      const outcome = await new Promise<Stored | null | 'lost'>((resolve) => {
        const cancel = process.after(ACK_MS, () => resolve('lost'));
        const tookMs = network.travelMs(node, leader!);
        if (tookMs === null) return;
        scheduler.at(process.nowMs() + tookMs + random.between(model.appendMs), () => {
          if (currentLeader() === null) return;
          const stored = commit(seq, make);
          const backMs = network.travelMs(leader!, node);
          if (backMs === null || random.chance(lostAcks)) return;
          process.after(backMs, () => {
            cancel();
            resolve(stored);
          });
        });
      });
      if (outcome !== null && outcome !== 'lost') return { kind: 'stored', stored: outcome };
      // Refused or ambiguous: what stands at that place is read. A refusal may come from our own earlier try.
      while (serving(node) === null) {
        if (signal.aborted) return { kind: 'unknown', reason: 'no acknowledgement, and the stream has no leader' };
        await process.delay(POLL_MS);
      }
      const there = entries[seq - 1];
      if (there) return mine(there) ? { kind: 'stored', stored: there } : { kind: 'conflict' };
      if (outcome === null && entries.length < seq - 1) return { kind: 'conflict' };
    }
  };

  return {
    entries: () => entries,
    leader: currentLeader,
    stall(forMs) {
      stalledUntilMs = Math.max(stalledUntilMs, scheduler.now() + forMs);
    },
    rollback(count) {
      entries.length = Math.max(0, entries.length - count);
      noteLength();
      said.rolledBack(entries.length + 1);
      return entries.length + 1;
    },
    setLostAcks(ratio) {
      lostAcks = ratio;
    },
    setStaleReads(ms) {
      lagMs = ms;
    },

    log: (node, process) => ({
      append(draft, head, by, signal) {
        const seq = head.seq + 1;
        const made = toStored(draft, head, by);
        return append(
          node,
          process,
          seq,
          () => made,
          (there) => there.hash === made.hash,
          signal,
        );
      },
      async restore(stored, signal) {
        if (hashOf(stored.entry) !== stored.hash)
          return { kind: 'unknown', reason: `entry ${stored.seq} does not have its hash any more` };
        return append(
          node,
          process,
          stored.seq,
          () => stored,
          (there) => there.hash === stored.hash,
          signal,
        );
      },
      async lastSeq() {
        const beganMs = process.nowMs();
        while (serving(node) === null) {
          if (process.nowMs() - beganMs > READ_MS) throw new Error('the stream has no leader');
          await process.delay(POLL_MS);
        }
        await process.delay(random.between(model.hopMs) * 2);
        const asOfMs = scheduler.now() - lagMs;
        return lengths.findLast(({ atMs }) => atMs <= asOfMs)?.length ?? 0;
      },
      async *follow(seq, signal) {
        let ended = signal.aborted;
        let heard = () => {};
        const wake = () => void process.after(random.between(model.hopMs), heard);
        // Once for all waits: a thousand followers wait for each entry.
        signal.addEventListener(
          'abort',
          () => {
            ended = true;
            if (waiters.delete(wake)) heard();
          },
          { once: true },
        );
        for (let next = seq; !ended; ) {
          const stored = entries[next];
          if (stored && serving(node) !== null) {
            next += 1;
            yield stored;
          } else if (stored) await process.delay(2 * POLL_MS);
          else
            await new Promise<void>((resolve) => {
              heard = resolve;
              waiters.add(wake);
            });
        }
      },
    }),
  };
}

export function toStored(
  draft: Draft,
  head: { seq: number; hash: string },
  by: { node: string; epoch: number; atMs: number },
): Stored {
  const seq = head.seq + 1;
  const entry = parseEntry(
    JSON.parse(
      JSON.stringify({
        specversion: '1.0',
        id: `${by.epoch}.${seq}`,
        type: draft.type,
        source: by.node,
        subject: draft.subject,
        time: new Date(by.atMs).toISOString(),
        datacontenttype: 'application/json',
        epoch: by.epoch,
        cause: draft.cause,
        prevhash: head.hash,
        data: draft.data,
      }),
    ),
  );
  return { seq, hash: hashOf(entry), entry };
}

const hashOf = (entry: Entry): string => createHash('sha256').update(JSON.stringify(entry)).digest('hex');
