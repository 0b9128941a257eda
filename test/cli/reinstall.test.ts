/** A person installs a host of an invented data centre anew, by the commands and against a real socket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rekindle } from '../../cli/rekindle.ts';
import { PROFILES } from '../../machines/times.ts';
import { serveApi } from '../../services/api-serve.ts';
import type { ControllerView } from '../../services/api-view.ts';
import type { Order } from '../../services/protocol.ts';
import { threeHosts, type World, world } from '../sim/world.ts';
import { recorder } from './terminal.ts';

const power = [{ kind: 'ipmi', address: 'bmc', user: 'u', passwordFile: '/x', readingsApartMs: 100 }];
const host = { capacity: { memoryMiB: 8_192, vcpus: 8 }, watchdog: { kind: 'process', socket: '/x' }, power };
const spec = threeHosts({
  times: PROFILES.fast,
  hosts: {
    h1: { ...host, address: '10.0.0.1' },
    h2: { ...host, address: '10.0.0.2' },
    h3: { ...host, address: '10.0.0.3' },
    h4: { ...host, address: '10.0.0.4', machine: { macs: ['52:54:00:00:00:04'], disk: { serial: 'disk-h4' } } },
  },
  provisioning: { network: '10.0.0.0/24', image: 'host', imageKeys: {}, bootWithinMs: 60_000 },
});
const publish: Order = { kind: 'publish-image', name: 'host', version: 7, manifest: 'a'.repeat(64), by: 'ann' };

let directory: string;
let w: World;
let close: () => Promise<void>;
let orders: Order[];
/** Virtual time goes on while a command waits. */
let running: boolean;
let clock: Promise<void>;

const controller = () => w.leader()!.controller()!;
const take = async (order: Order) => {
  const answer = w.order(order);
  await w.advance(1_000);
  return answer;
};

beforeEach(async () => {
  w = await world(spec);
  await w.advance(30_000);
  orders = [];
  const view: ControllerView = {
    node: 'h1',
    fleet: () => controller().fleet(),
    entries: (from, to) => controller().entries(from, to),
    onEntry: (listener) => controller().onEntry(listener),
    order: async (order) => {
      orders.push(order);
      const said = await take(order);
      if (said !== 'accepted') return { kind: 'rejected', code: said.split(':')[0]!, reason: said };
      return { kind: 'accepted', seq: w.entries().findLast(({ entry }) => entry.cause === 'operator')!.seq };
    },
    roles: () => ({
      leader: 'h1',
      leading: true,
      lease: null,
      nats: [],
      heardAgoMs: {},
      installs: controller().installs(),
      waitingFor: null,
    }),
    shutDown: async () => {},
  };
  directory = await mkdtemp(join(tmpdir(), 'rekindle-cli-'));
  close = await serveApi(view, { socket: join(directory, 'api.sock'), port: null });
  running = false;
  clock = Promise.resolve();
});
afterEach(async () => {
  running = false;
  await clock;
  await close();
  await w.stop();
  await rm(directory, { recursive: true });
});

const goOn = () => {
  running = true;
  clock = (async () => {
    while (running) {
      await w.advance(500);
      await sleep(5);
    }
  })();
};

async function run(args: string) {
  const terminal = recorder();
  const split = (args.match(/"[^"]*"|\S+/g) ?? []).map((arg) => arg.replaceAll('"', ''));
  const code = await rekindle(['--run', directory, ...split], terminal);
  return { code, ...terminal, out: terminal.said.join('\n'), err: terminal.complained.join('\n') };
}
const hashIn = (out: string) => /--confirm ([0-9a-f]+)/.exec(out)?.[1] ?? 'none';

test('the plan is shown and nothing is done; its hash and a reason install the host, to the end', async () => {
  await take(publish);
  await take({ kind: 'maintenance', host: 'h4', on: true, by: 'ann' });
  const plan = await run('reinstall h4');
  expect(plan.code).toBe(0);
  expect(plan.out).toMatchInlineSnapshot(`
    "install of h4: its disk is overwritten
    it is in life 0
    disk: serial disk-h4
    never written: all others
    image: host version 7, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    boots from: 52:54:00:00:00:04

    first: it is proven stopped, which cuts its power or waits for its lease
    time for a veto: 30 s
    how long: not known, nothing was installed before

    Nothing was done. To do it: rekindle reinstall h4 --confirm 75dc9c3644b5 --reason TEXT"
  `);
  expect(orders).toEqual([]);
  const confirmed = `reinstall h4 --confirm ${hashIn(plan.out)} --reason "root is gone"`;
  goOn();
  const done = await run(confirmed);
  expect(done.err).toBe('');
  expect(done.code).toBe(0);
  expect(orders).toMatchObject([{ kind: 'reinstall', host: 'h4', mode: 'install', reason: 'root is gone' }]);
  const entries = done.said
    .filter((line) => !line.startsWith('h4: install'))
    .map((line) => line.replace(/^\S+ +#\d+ +/, ''));
  expect(entries).toMatchInlineSnapshot(`
    [
      "It begins in 30 s, unless somebody says: rekindle reinstall h4 --veto",
      "root asked for the reinstallation of h4: root is gone",
      "nobody stopped the reinstallation of h4 in time",
      "h4 is proven stopped (R2): power read off 2 times, 100 ms apart (bmc h4)",
      "the reinstallation of h4 begins, with image host version 7",
      "h4 is being booted from the network, try 1 (bmc h4)",
      "h4 asked for its boot script (52:54:00:00:00:04) and was given the ticket of try 1",
      "the installer runs on h4; to be written: sda, serial disk-h4 (as the cluster file names it)",
      "the installer may write disk disk-h4 of h4 from now on, image aaaaaaaaaaaa",
      "h4 is written and verified: 4096 MiB in 1 ms",
      "the installer left h4: it starts what it installed",
      "h4 was enrolled with new keys, installed from aaaaaaaaaaaa",
      "h4 registered as life 101 with no guests running",
      "h4 was reinstalled",
      "h4 passed its test: clock: 0.0 s from the leader's; virtualization: qemu x86_64 by the simulator; storage: guests whose images are there: 0; network: 3 of 3 other nodes are reached; canary guest: ran, and was gone",
      "the reinstallation of h4 has succeeded, after 75 s",
    ]
  `);
  expect(
    (await run('why host/h4')).said.map((line) => line.replace(/^\S+ +\+[\d.]+ m?s +/, '')),
  ).toMatchInlineSnapshot(`
    [
      "h4 is maintenance: h4 passed its test: clock: 0.0 s from the leader's; virtualization: qemu x86_64 by the simulator; storage: guests whose images are there: 0; network: 3 of 3 other nodes are reached; canary guest: ran, and was gone; kept free for maintenance",
      "h4 passed its test: clock: 0.0 s from the leader's; virtualization: qemu x86_64 by the simulator; storage: guests whose images are there: 0; network: 3 of 3 other nodes are reached; canary guest: ran, and was gone",
      "h4 registered as life 101 with no guests running",
      "h4 was enrolled with new keys, installed from aaaaaaaaaaaa",
      "the installer left h4: it starts what it installed",
      "h4 is written and verified: 4096 MiB in 1 ms",
      "the installer may write disk disk-h4 of h4 from now on, image aaaaaaaaaaaa",
      "the installer runs on h4; to be written: sda, serial disk-h4 (as the cluster file names it)",
      "h4 asked for its boot script (52:54:00:00:00:04) and was given the ticket of try 1",
      "the reinstallation of h4 begins, with image host version 7",
      "h4 is proven stopped (R2): power read off 2 times, 100 ms apart (bmc h4)",
      "nobody stopped the reinstallation of h4 in time",
      "root asked for the reinstallation of h4: root is gone",
      "a person ordered it",
    ]
  `);
});

test('status shows how far the writing is', async () => {
  await take(publish);
  w.inject({ kind: 'disk-ruined', node: 'h4' });
  await take({ kind: 'maintenance', host: 'h4', on: true, by: 'ann' });
  const confirmed = `reinstall h4 --confirm ${hashIn((await run('reinstall h4')).out)} --reason "root is gone"`;
  const detached = await run(`${confirmed} --detach`);
  expect(detached.said).toEqual(['the reinstallation of h4 is ordered. Follow it with: rekindle watch']);
  const line = async () =>
    (await run('status')).said.find((said) => said.startsWith('h4: '))?.replace(/\d\d:\d\d:\d\d/g, 'TIME');
  expect(await line()).toBe('h4: install: ordered by a person; may be vetoed, since TIME, begins TIME');
  await w.advance(120_000, () => controller().installs().h4 !== undefined && controller().installs().h4!.bytes > 0);
  expect(await line()).toMatchInlineSnapshot(
    `"h4: install, try 1 of 3: its disk is being written, write 237 of 4096 MiB (5 %), since TIME, until TIME at the latest"`,
  );
});

test('who goes away while it runs is told that it goes on, and how to stop it', async () => {
  await take(publish);
  await take({ kind: 'maintenance', host: 'h4', on: true, by: 'ann' });
  const followed = run(`reinstall h4 --confirm ${hashIn((await run('reinstall h4')).out)} --reason "root is gone"`);
  while (orders.length === 0) await sleep(10);
  await sleep(300);
  process.emit('SIGHUP');
  const { code, err } = await followed;
  expect(code).toBe(5);
  expect(err).toContain('the reinstallation of h4 goes on, and you no longer follow it');
  expect(err).toContain('rekindle reinstall h4 --veto');
  await w.advance(300_000, () => controller().fleet().jobs.h4!.state === 'accepted');
  expect(controller().fleet().jobs.h4!.state).toBe('accepted');
});

test('why tells every step of every try', async () => {
  await take(publish);
  await take({ kind: 'maintenance', host: 'h4', on: true, by: 'ann' });
  const why = async () =>
    (await run('why host/h4')).said.map((line) => line.replace(/^\S+ +\+[\d.]+ m?s +/, '').slice(0, 100));
  await run(`reinstall h4 --confirm ${hashIn((await run('reinstall h4')).out)} --reason "root is gone" --detach`);
  expect((await why()).at(-1)).toBe(
    'pending: root asked for the reinstallation of h4: root is gone; it begins unless it is vetoed',
  );
  await w.advance(120_000, () => controller().fleet().jobs.h4!.state === 'committed');
  w.inject({ kind: 'power-loss', node: 'h4' });
  expect((await why()).slice(0, 2)).toEqual([
    'h4 is reinstalling, its disk is being written',
    'the installer may write disk disk-h4 of h4 from now on, image aaaaaaaaaaaa',
  ]);
  for (let again = 0; again < 20; again++) {
    await w.advance(120_000, () => ['committed', 'failed'].includes(controller().fleet().jobs.h4!.state));
    await w.advance(1_000);
    w.inject({ kind: 'power-loss', node: 'h4' });
  }
  expect(await why()).toMatchInlineSnapshot(`
    [
      "h4 is reinstalling, its disk is being written",
      "the installer may write disk disk-h4 of h4 from now on, image aaaaaaaaaaaa",
      "the installer runs on h4; to be written: sda, serial disk-h4 (as the cluster file names it)",
      "h4 asked for its boot script (52:54:00:00:00:04) and was given the ticket of try 3",
      "h4 did not go on to the installer in time",
      "h4 asked for its boot script (52:54:00:00:00:04) and was given the ticket of try 2",
      "try 1 to install h4 is over (committed): no progress for 15 s",
      "the installer may write disk disk-h4 of h4 from now on, image aaaaaaaaaaaa",
      "the installer runs on h4; to be written: sda, serial disk-h4 (as the cluster file names it)",
      "h4 asked for its boot script (52:54:00:00:00:04) and was given the ticket of try 1",
      "the reinstallation of h4 begins, with image host version 7",
      "h4 is proven stopped (R2): power read off 2 times, 100 ms apart (bmc h4)",
      "nobody stopped the reinstallation of h4 in time",
      "root asked for the reinstallation of h4: root is gone",
      "a person ordered it",
      "pending: reinstall, asked for by entry 1.22",
    ]
  `);
});

test('a veto in time stops it, and whoever follows it is told', async () => {
  await take(publish);
  await take({ kind: 'maintenance', host: 'h4', on: true, by: 'ann' });
  const plan = await run('reinstall h4');
  const followed = run(`reinstall h4 --confirm ${hashIn(plan.out)} --reason "root is gone"`);
  await sleep(800);
  expect((await run('reinstall h4 --veto')).out).toContain('The reinstallation of h4 is stopped');
  const { code, err } = await followed;
  expect(code).toBe(4);
  expect(err).toMatchInlineSnapshot(`
    "rekindle: the reinstallation of h4 was stopped: root stopped the reinstallation of h4
      nothing was written. Order it again when whoever stopped it agrees"
  `);
  expect((await run('reinstall h4 --veto')).err).toMatchInlineSnapshot(`
    "rekindle: the leader refused: h4 is not about to be reinstalled: root stopped the reinstallation of h4
      look at "rekindle status" and "rekindle why SUBJECT" for the state it is in"
  `);
});

test('a dry run writes nothing and prints what it measured; a rescue what it found', async () => {
  await take(publish);
  await take({ kind: 'maintenance', host: 'h4', on: true, by: 'ann' });
  goOn();
  const dry = await run(
    `reinstall h4 --dry-run --confirm ${hashIn((await run('reinstall h4 --dry-run')).out)} --reason look`,
  );
  expect(dry.code).toBe(0);
  expect(dry.said.slice(-5)).toMatchInlineSnapshot(`
    [
      "",
      "disk:",
      "  sda",
      "",
      "the dry run of h4 has succeeded, after 74 s",
    ]
  `);
  const rescue = await run(`rescue h4 --json --confirm ${hashIn((await run('rescue h4')).out)} --reason look`);
  expect(rescue.said).toHaveLength(1);
  expect(JSON.parse(rescue.said[0]!)).toMatchObject({
    kind: 'succeeded',
    host: 'h4',
    mode: 'rescue',
    report: { disk: 'sda' },
  });
  expect(w.entries().some(({ entry }) => entry.type === 'reinstall.committed')).toBe(false);
});

test.each([
  ['reinstall h9', 2, 'there is no host/h9 in this cluster'],
  ['reinstall h1', 2, 'h1 cannot be installed over the network: the cluster file has no machine for it'],
  ['reinstall h4', 3, 'there is nothing to install: image host was never published'],
  ['adopt 52:54:00:00:00:05', 2, 'no host of the cluster file has the MAC 52:54:00:00:00:05'],
  ['reinstall h4 --veto', 4, 'the leader refused: h4 is not about to be reinstalled'],
])('%s: an error that says what to do', async (args, exit, message) => {
  const { code, err } = await run(args);
  expect(err).toContain(`rekindle: ${message}\n  `);
  expect(code).toBe(exit);
  expect(orders.filter(({ kind }) => kind === 'reinstall')).toEqual([]);
});

test('what is in the way stands in the plan, and an older plan, no reason or a host that has joined are refused', async () => {
  await take(publish);
  const { out, code } = await run('reinstall h4');
  expect(code).toBe(0);
  expect(out).toContain('in the way: h4 is running and not proven stopped: put it into maintenance, or fence it');
  const refused = await run(`reinstall h4 --confirm ${hashIn(out)} --reason x`);
  expect([refused.code, refused.err]).toEqual([
    4,
    expect.stringContaining('h4 is running and not proven stopped: put it into maintenance, or fence it'),
  ]);
  expect((await run(`reinstall h4 --confirm ${hashIn(out)}`)).err).toContain(
    '--confirm needs --reason TEXT, for the log',
  );
  await take({ ...publish, version: 8 } as Order);
  const older = await run(`reinstall h4 --confirm ${hashIn(out)} --reason x`);
  expect([older.code, older.err]).toEqual([4, expect.stringContaining('is not what would be done now')]);
  const adopted = await run('adopt 52:54:00:00:00:04');
  expect([adopted.code, adopted.err]).toEqual([
    2,
    expect.stringContaining('h4 has joined before, so it is not adopted'),
  ]);
});
