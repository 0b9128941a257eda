import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Draft, Stored } from '../../machines/entries.ts';
import { GENESIS_HASH } from '../../machines/fleet.ts';
import type { Appended, Log } from '../../services/ports.ts';
import type { Passing } from './time.ts';

export const NODES = ['h1', 'h2', 'h3'] as const;
export type Node = (typeof NODES)[number];

/** A stream with a replica on each of three nodes. */
export interface LogHarness extends Passing {
  log(node: Node): Log;
  /** A log of another stream, which holds nothing yet. */
  empty(): Promise<Log>;
  /** Whose nats-server leads the stream; null while nobody's does. */
  leader(): Promise<Node | null>;
  /** The nats-server of a node dies without a word, or is there again. */
  kill(node: Node): void;
  start(node: Node): Promise<void>;
  /** For a while, acknowledgements of what has been or will be stored do not come. */
  loseAcknowledgements(): Promise<void>;
  /** A log whose node can be taken off the network and brought back. */
  remote(node: Node): Promise<{ readonly log: Log; away(): Promise<void>; back(): Promise<void> }>;
  end(): Promise<void>;
}

type Head = { readonly seq: number; readonly hash: string };
const genesis: Head = { seq: 0, hash: GENESIS_HASH };
const note = (why: string): Draft => ({
  type: 'host.cleared',
  subject: 'host/h3',
  cause: 'observation',
  data: { counter: 1, why },
});
const by = (node: string) => ({ node, epoch: 1, atMs: Date.parse('2026-01-01') });
const never = new AbortController().signal;

export function stored(appended: Appended): Stored {
  if (appended.kind !== 'stored') throw new Error(`not stored: ${JSON.stringify(appended)}`);
  return appended.stored;
}
const whys = (entries: readonly Stored[]) => entries.map(({ entry }) => (entry.data as { why: string }).why);

/** Each entry names the hash of the one before. */
function expectChain(entries: readonly Stored[]): void {
  for (const [at, { seq, entry, hash }] of entries.entries()) {
    expect(seq).toBe(at + 1);
    expect(entry.id).toBe(`${entry.epoch}.${seq}`);
    expect(entry.prevhash).toBe(entries[at - 1]?.hash ?? GENESIS_HASH);
    expect(hash).toBe(createHash('sha256').update(JSON.stringify(entry)).digest('hex'));
  }
}

export function logContract(name: string, makeHarness: () => Promise<LogHarness>): void {
  describe(`Log, ${name}`, () => {
    let it: LogHarness;
    let h1: Log;
    let head: Head = genesis;
    beforeAll(async () => {
      it = await makeHarness();
      h1 = it.log('h1');
    });
    afterAll(() => it?.end());

    /** Appends `why 0`, `why 1`, …, one after the other. */
    const appendMany = async (log: Log, node: string, why: string, count: number) => {
      for (let n = 0; n < count; n++) head = stored(await log.append(note(`${why} ${n}`), head, by(node), never));
    };
    const putMany = (log: Log, node: string, why: string, count: number) =>
      it.settle(appendMany(log, node, why, count));
    /** Follows in the background; `seen` grows. */
    const following = (log: Log, after: number) => {
      const stop = new AbortController();
      const seen: Stored[] = [];
      const ended = (async () => {
        for await (const entry of log.follow(after, stop.signal)) seen.push(entry);
      })();
      const end = () => {
        stop.abort();
        return it.settle(ended);
      };
      return { seen, stop: end };
    };
    const read = async (log: Log, after: number, upTo: number): Promise<Stored[]> => {
      const reader = following(log, after);
      await it.until(`entry ${upTo} is read`, () => after + reader.seen.length >= upTo);
      await reader.stop();
      return reader.seen;
    };

    test('what is appended is followed elsewhere, chained by hash', async () => {
      await putMany(h1, 'h1', 'a', 3);
      const entries = await read(it.log('h3'), 0, 3);
      expect(whys(entries)).toEqual(['a 0', 'a 1', 'a 2']);
      expectChain(entries);
      expect(entries[2]!.hash).toBe(head.hash);
      expect(await it.settle(it.log('h2').lastSeq())).toBe(3);
    });

    test('an entry is, byte for byte, the CloudEvents envelope of docs/log.md', async () => {
      const [first] = await read(h1, 0, 1);
      expect(JSON.stringify(first!.entry)).toBe(
        `{"specversion":"1.0","id":"1.1","type":"host.cleared","source":"h1","subject":"host/h3","time":"2026-01-01T00:00:00.000Z","datacontenttype":"application/json","epoch":1,"cause":"observation","prevhash":"${GENESIS_HASH}","data":{"counter":1,"why":"a 0"}}`,
      );
    });

    test('appending after an old head, or one the log never had, is a conflict and stores nothing', async () => {
      for (const wrong of [genesis, { seq: 2, hash: head.hash }, { seq: 90, hash: head.hash }])
        expect(await it.settle(it.log('h2').append(note('late'), wrong, by('h2'), never))).toEqual({
          kind: 'conflict',
        });
      expect(await it.settle(it.log('h2').lastSeq())).toBe(3);
    });

    test('of several writers at one place exactly one wins', async () => {
      for (let round = 0; round < 40; round++) {
        const tries = await it.settle(
          Promise.all(
            NODES.flatMap((node) =>
              [1, 2].map((n) => it.log(node).append(note(`${round} ${node} ${n}`), head, by(node), never)),
            ),
          ),
        );
        const won = tries.filter((one) => one.kind === 'stored');
        expect(won).toHaveLength(1);
        expect(tries.filter((one) => one.kind === 'conflict')).toHaveLength(5);
        head = stored(won[0]!);
      }
      expectChain(await read(h1, 0, head.seq));
    });

    test('the same append twice is stored once and both learn so', async () => {
      const [one, two] = await it.settle(Promise.all([1, 2].map(() => h1.append(note('twin'), head, by('h1'), never))));
      expect(stored(one!)).toEqual(stored(two!));
      head = stored(one!);
      expect(await it.settle(h1.restore(stored(one!), never))).toEqual(one);
      expect(await it.settle(h1.lastSeq())).toBe(head.seq);
    });

    test('following begins after any place: in the past, at the end, and beyond it', async () => {
      const end = head.seq;
      const readers = [0, 1, end - 1, end, end + 2].map((after) => ({ after, ...following(it.log('h2'), after) }));
      await putMany(h1, 'h1', 'onwards', 4);
      await it.until('all have read', () => readers.every(({ after, seen }) => after + seen.length >= head.seq));
      for (const { after, seen, stop } of readers) {
        await stop();
        expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: head.seq - after }, (_, n) => after + 1 + n));
      }
    });

    test('following ends when aborted: while it waits, before the first entry, and in the middle', async () => {
      const waiting = following(h1, head.seq);
      await it.advance(20);
      await waiting.stop();
      const stopped = new AbortController();
      stopped.abort();
      for await (const _ of h1.follow(0, stopped.signal)) expect.unreachable('aborted');
      const seen: number[] = [];
      const stop = new AbortController();
      const middle = async () => {
        for await (const { seq } of h1.follow(0, stop.signal)) if (seen.push(seq) === 2) stop.abort();
      };
      await it.settle(middle());
      expect(seen).toEqual([1, 2]);
    });

    test('what cannot be read back is not appended', async () => {
      const bad = { ...note('x'), subject: 'host/$(reboot)' };
      expect(() => h1.append(bad, head, by('h1'), never)).toThrow();
      expect(await it.settle(h1.lastSeq())).toBe(head.seq);
    });

    test('an append that is given up before it began is not stored and not claimed', async () => {
      const given = AbortSignal.abort();
      expect(await it.settle(h1.append(note('never'), head, by('h1'), given))).toMatchObject({ kind: 'unknown' });
      await it.advance(50);
      expect(await it.settle(h1.lastSeq())).toBe(head.seq);
    });

    test('entries are restored byte for byte, in their places only, and only with their hash', async () => {
      const entries = await read(h1, 0, 5);
      const empty = await it.empty();
      const restore = (entry: Stored) => it.settle(empty.restore(entry, never));
      expect(await restore(entries[1]!)).toEqual({ kind: 'conflict' });
      expect(await restore({ ...entries[0]!, hash: GENESIS_HASH })).toMatchObject({ kind: 'unknown' });
      expect(await it.settle(empty.lastSeq())).toBe(0);
      for (const entry of entries) expect(await restore(entry)).toEqual({ kind: 'stored', stored: entry });
      expect(await restore(entries[2]!)).toEqual({ kind: 'stored', stored: entries[2] });
      expect(await read(empty, 0, 5)).toEqual(entries);
    });

    test('an acknowledgement that does not come: the append waits, and is stored once', async () => {
      const writer = (await it.settle(it.leader())) ?? 'h1';
      const start = head.seq;
      const losing = it.loseAcknowledgements();
      await putMany(it.log(writer), writer, 'unheard', 5);
      await it.settle(losing);
      const entries = await read(it.log('h2'), 0, head.seq);
      expectChain(entries);
      expect(whys(entries.slice(start))).toEqual(Array.from({ length: 5 }, (_, n) => `unheard ${n}`));
    });

    test('a follower that was away reads what it missed, without anything new being written', async () => {
      const away = (await it.settle(it.leader())) === 'h3' ? 'h2' : 'h3';
      const remote = await it.remote(away);
      const start = head.seq;
      const reader = following(remote.log, start);
      await putMany(h1, 'h1', 'before', 3);
      await it.until('those are followed', () => reader.seen.length === 3);
      await remote.away();
      await putMany(h1, 'h1', 'meanwhile', 5);
      await remote.back();
      await it.until('the rest is followed', () => reader.seen.at(-1)?.seq === head.seq);
      await reader.stop();
      expect(reader.seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 8 }, (_, n) => start + 1 + n));
    });

    test('kill -9 of the stream leader while appending: every entry once, in order, and followed without a gap', async () => {
      // The writer sits on the very server that dies: its acknowledgement may be lost with it.
      const leader = (await it.settle(it.leader()))!;
      const survivor = NODES.find((node) => node !== leader)!;
      const start = head.seq;
      const reader = following(it.log(survivor), start);
      const appending = appendMany(it.log(leader), leader, 'killed', 200);
      await it.until('some are stored', () => reader.seen.length > 20);
      it.kill(leader);
      await it.settle(appending, 25_000);
      await it.until('all are followed', () => reader.seen.at(-1)?.seq === head.seq);
      await reader.stop();
      const entries = await read(it.log(survivor), 0, head.seq);
      expectChain(entries);
      expect(reader.seen).toEqual(entries.slice(start));
      expect(whys(entries.slice(start))).toEqual(Array.from({ length: 200 }, (_, n) => `killed ${n}`));
      expect(await it.settle(it.leader())).not.toBe(leader);
      await it.start(leader);
    });

    test('without a majority nothing is stored, and no end of the log is claimed that is not stored', async () => {
      await it.until('a leader', async () => (await it.leader()) !== null);
      it.kill('h2');
      it.kill('h3');
      const appended = await it.settle(h1.append(note('alone'), head, by('h1'), it.abortAfter(1_500)));
      expect(appended).toMatchObject({ kind: 'unknown', reason: expect.stringMatching(/./) });
      // A server that was left alone was seen to answer for half a minute and longer with the end as it knew it.
      for (let asked = 0; asked < 10; asked++) {
        const end = await it.settle(h1.lastSeq().catch(() => null));
        expect(end ?? head.seq).toBeLessThanOrEqual(head.seq);
        await it.advance(100);
      }
      await it.settle(Promise.all([it.start('h2'), it.start('h3')]));
      // The same decision again: whatever became of the first try, it is in the log once.
      head = stored(await it.settle(h1.append(note('alone'), head, by('h1'), never)));
      const entries = await read(it.log('h2'), 0, head.seq);
      expectChain(entries);
      expect(whys(entries.slice(-2)).filter((why) => why === 'alone')).toHaveLength(1);
    });
  });
}
