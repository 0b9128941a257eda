/** What only the real stream can show; the rest is the contract of every log (test/contract/log.ts). */
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stepDownStream, streamLeader } from '../../adapters/nats/admin.ts';
import { anyUp } from '../../adapters/nats/connections.ts';
import { wantedConfig } from '../../adapters/nats/stream-config.ts';
import type { Draft, Stored } from '../../machines/entries.ts';
import { GENESIS_HASH } from '../../machines/fleet.ts';
import type { Log } from '../../services/ports.ts';
import { stored } from '../contract/log.ts';
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

async function readAll(log: Log, upTo: number): Promise<Stored[]> {
  const entries: Stored[] = [];
  for await (const entry of log.follow(0, soon())) {
    entries.push(entry);
    if (entry.seq === upTo) return entries;
  }
  throw new Error(`only ${entries.length} of ${upTo} entries`);
}

const whys = (entries: readonly Stored[]) => entries.map(({ entry }) => (entry.data as { why: string }).why);

test('handing the stream over costs no entry', async () => {
  const cluster = await startCluster();
  onTestFinished(() => cluster.close());
  const admin = cluster.connectClient('admin');
  const log = await cluster.log(cluster.connect('controller', 'h1'));
  const before = await streamLeader(admin, 'test');
  let head = genesis;
  const appending = (async () => {
    for (let n = 0; n < 60; n++) head = stored(await log.append(note(`handover ${n}`), head, by('h1'), soon()));
  })();
  await stepDownStream(admin, 'test');
  await appending;
  await until('another leader', async () => ![null, before].includes(await streamLeader(admin, 'test')));
  const entries = await readAll(await cluster.log(cluster.connect('controller', 'h3')), head.seq);
  expect(whys(entries)).toEqual(Array.from({ length: 60 }, (_, n) => `handover ${n}`));
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
