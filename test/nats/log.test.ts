import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepDownStream, streamLeader } from '../../adapters/nats/admin.ts';
import { anyUp, type Connections } from '../../adapters/nats/connections.ts';
import { wantedConfig } from '../../adapters/nats/stream-config.ts';
import type { Draft, Stored } from '../../machines/entries.ts';
import { GENESIS_HASH } from '../../machines/fleet.ts';
import type { Appended, Log } from '../../services/ports.ts';
import { startCluster, type TestCluster, until } from './cluster.ts';

const note = (why: string): Draft => ({
  type: 'host.cleared',
  subject: 'host/h3',
  cause: 'observation',
  data: { counter: 1, why },
});
const by = (node: string) => ({ node, epoch: 1, atMs: Date.parse('2026-01-01') });
type Head = { seq: number; hash: string };
const genesis: Head = { seq: 0, hash: GENESIS_HASH };
const soon = (ms = 20_000) => AbortSignal.timeout(ms);

function stored(appended: Appended): Stored {
  if (appended.kind !== 'stored') throw new Error(`not stored: ${JSON.stringify(appended)}`);
  return appended.stored;
}

async function readAll(log: Log, upTo: number): Promise<Stored[]> {
  const entries: Stored[] = [];
  for await (const entry of log.follow(0, soon())) {
    entries.push(entry);
    if (entry.seq === upTo) return entries;
  }
  throw new Error(`only ${entries.length} of ${upTo} entries`);
}

const whys = (entries: readonly Stored[]) => entries.map(({ entry }) => (entry.data as { why: string }).why);

/** Each entry names the hash of the one before. */
function expectChain(entries: readonly Stored[]): void {
  for (const [at, { seq, entry }] of entries.entries()) {
    expect(seq).toBe(at + 1);
    expect(entry.id).toBe(`${entry.epoch}.${seq}`);
    expect(entry.prevhash).toBe(entries[at - 1]?.hash ?? GENESIS_HASH);
  }
}

describe('three servers', () => {
  let cluster: TestCluster;
  let admin: Connections;
  const logs: Record<string, Log> = {};
  let head: Head = genesis;

  beforeAll(async () => {
    cluster = await startCluster();
    admin = cluster.connectClient('admin');
    for (const node of ['h1', 'h2', 'h3']) logs[node] = await cluster.log(cluster.connect('controller', node));
  });
  afterAll(() => cluster?.close());

  test('what is appended is followed elsewhere, chained by hash', async () => {
    for (const why of ['a', 'b', 'c']) head = stored(await logs.h1!.append(note(why), head, by('h1'), soon()));
    const entries = await readAll(logs.h3!, 3);
    expect(whys(entries)).toEqual(['a', 'b', 'c']);
    expectChain(entries);
    expect(entries[2]!.hash).toBe(head.hash);
    expect(await logs.h2!.lastSeq()).toBe(3);
  });

  test('appending after an old head is a conflict, and stores nothing', async () => {
    expect(await logs.h2!.append(note('late'), genesis, by('h2'), soon())).toEqual({ kind: 'conflict' });
    expect(await logs.h2!.lastSeq()).toBe(3);
  });

  test('appending after a head the log never had is a conflict, not an endless wait', async () => {
    expect(await logs.h2!.append(note('lost'), { seq: 90, hash: head.hash }, by('h2'), soon())).toEqual({
      kind: 'conflict',
    });
  });

  test('of several writers at one place exactly one wins', async () => {
    for (let round = 0; round < 40; round++) {
      const tries = await Promise.all(
        Object.entries(logs).flatMap(([node, log]) =>
          [1, 2].map((n) => log.append(note(`${round} ${node} ${n}`), head, by(node), soon())),
        ),
      );
      const won = tries.filter((one) => one.kind === 'stored');
      expect(won).toHaveLength(1);
      expect(tries.filter((one) => one.kind === 'conflict')).toHaveLength(5);
      head = stored(won[0]!);
    }
    expectChain(await readAll(logs.h1!, head.seq));
  });

  test('the same append twice is stored once and both learn so', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => logs.h1!.append(note('twin'), head, by('h1'), soon())));
    expect(stored(one!)).toEqual(stored(two!));
    head = stored(one!);
    expect(await logs.h1!.restore(stored(one!), soon())).toEqual(one);
    expect(await logs.h1!.lastSeq()).toBe(head.seq);
  });

  test('an entry that does not have its hash any more is not restored', async () => {
    const entry = (await readAll(logs.h1!, 1))[0]!;
    expect(await logs.h1!.restore({ ...entry, hash: GENESIS_HASH }, soon())).toMatchObject({ kind: 'unknown' });
  });

  test('handing the stream over costs no entry', async () => {
    const before = await streamLeader(admin, 'test');
    const appending = appendMany(logs.h1!, 'h1', 'handover', 60);
    await stepDownStream(admin, 'test');
    await appending;
    await until('another leader', async () => ![null, before].includes(await streamLeader(admin, 'test')));
    expectChain(await readAll(logs.h3!, head.seq));
  });

  test('a follower whose only server was away reads what it missed, without anything new being written', async () => {
    const away = (await streamLeader(admin, 'test')) === 'h3' ? 'h2' : 'h3';
    const follower = await cluster.log(cluster.connect('controller', away, [away]));
    const stop = new AbortController();
    const followed: number[] = [];
    const start = head.seq;
    const following = (async () => {
      for await (const { seq } of follower.follow(start, stop.signal)) followed.push(seq);
    })();
    await appendMany(logs.h1!, 'h1', 'before', 3);
    await until('those are followed', () => followed.length === 3);
    await cluster.stop(away);
    await appendMany(logs.h1!, 'h1', 'meanwhile', 5);
    await cluster.start(away);
    await until('the rest is followed', () => followed.at(-1) === head.seq);
    stop.abort();
    await following;
    expect(followed).toEqual(Array.from({ length: 8 }, (_, n) => start + 1 + n));
  });

  test('kill -9 of the stream leader while appending: every entry once, in order, and followed without a gap', async () => {
    const leader = (await streamLeader(admin, 'test'))!;
    // The writer sits on the very server that dies: its acknowledgement may be lost with it.
    const start = head.seq;
    const survivor = ['h1', 'h2', 'h3'].find((node) => node !== leader)!;
    const stop = new AbortController();
    const followed: number[] = [];
    const following = (async () => {
      for await (const { seq } of logs[survivor]!.follow(start, stop.signal)) followed.push(seq);
    })();
    const appending = appendMany(logs[leader]!, leader, 'killed', 400);
    await until('some are stored', () => followed.length > 20);
    cluster.kill(leader);
    await appending;
    await until('all are followed', () => followed.at(-1) === head.seq);
    stop.abort();
    await following;
    expect(followed).toEqual(Array.from({ length: 400 }, (_, n) => start + 1 + n));
    const entries = await readAll(logs[survivor]!, head.seq);
    expectChain(entries);
    expect(whys(entries.slice(start))).toEqual(Array.from({ length: 400 }, (_, n) => `killed ${n}`));
    await cluster.start(leader);
  });

  test('a frozen stream leader: the append waits and is stored once', async () => {
    await until('a leader', async () => (await streamLeader(admin, 'test').catch(() => null)) !== null);
    const leader = (await streamLeader(admin, 'test'))!;
    cluster.signal(leader, 'SIGSTOP');
    const appending = appendMany(logs[leader]!, leader, 'frozen', 3);
    setTimeout(() => cluster.signal(leader, 'SIGCONT'), 1_500);
    await appending;
    const entries = await readAll(logs.h2!, head.seq);
    expectChain(entries);
    expect(whys(entries.slice(-3))).toEqual(['frozen 0', 'frozen 1', 'frozen 2']);
  });

  test('without a majority nothing is stored and nothing is claimed', async () => {
    await Promise.all([cluster.stop('h2'), cluster.stop('h3')]);
    const appended = await logs.h1!.append(note('alone'), head, by('h1'), soon(1_500));
    expect(appended).toMatchObject({ kind: 'unknown', reason: expect.stringMatching(/./) });
    await Promise.all([cluster.start('h2'), cluster.start('h3')]);
    // The same decision again: whatever became of the first try, it is in the log once.
    head = stored(await logs.h1!.append(note('alone'), head, by('h1'), soon()));
    expectChain(await readAll(logs.h2!, head.seq));
  });

  async function appendMany(log: Log, node: string, why: string, count: number): Promise<void> {
    for (let n = 0; n < count; n++) head = stored(await log.append(note(`${why} ${n}`), head, by(node), soon()));
  }
});

describe('one server', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ hosts: ['h1'] });
  });
  afterAll(() => cluster?.close());

  test('a stream of that name that forgets is refused, and left as it is', async () => {
    const { streams } = await jetstreamManager(await anyUp(cluster.connectClient('admin'), soon()));
    await streams.add({ ...wantedConfig('test', 1), max_msgs: 10, deny_purge: false });
    await expect(cluster.log(cluster.connect('controller', 'h1'))).rejects.toMatchObject({
      code: 'LOG_CONFIG_WRONG',
      message: expect.stringMatching(/max_msgs is 10 .*deny_purge/),
    });
    await streams.delete('REKINDLE_test');
  });

  test('the monitor follows, history and news', async () => {
    const controller = cluster.connect('controller', 'h1');
    const log = await cluster.log(controller);
    const first = stored(await log.append(note('old'), genesis, by('h1'), soon()));
    const watching = readAll(await cluster.log(cluster.connectClient('monitor')), 2);
    await log.append(note('new'), first, by('h1'), soon());
    expect(whys(await watching)).toEqual(['old', 'new']);
  });

  test('following ends when aborted, also in the middle of waiting', async () => {
    const log = await cluster.log(cluster.connect('controller', 'h1'));
    const stop = new AbortController();
    const following = (async () => {
      for await (const { seq } of log.follow(0, stop.signal)) if (seq === 2) setTimeout(() => stop.abort(), 50);
    })();
    await following;
  });

  test('what cannot be read back is not appended', async () => {
    const log = await cluster.log(cluster.connect('controller', 'h1'));
    const bad = { ...note('x'), subject: 'host/$(reboot)' };
    expect(() => log.append(bad, genesis, by('h1'), soon())).toThrow();
    expect(await log.lastSeq()).toBe(2);
  });

  test('an entry that cannot be parsed stops its reader and is never skipped', async () => {
    const controller = cluster.connect('controller', 'h1');
    const log = await cluster.log(controller);
    (await anyUp(controller, soon())).publish('rekindle.test.log.cluster.nonsense', '{"type":"nonsense"}');
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of log.follow(0, soon())) seen.push(seq);
    })();
    await expect(reading).rejects.toMatchObject({ name: 'LogError', kind: 'unreadable', seq: 3 });
    expect(seen).toEqual([1, 2]);
  });
});
