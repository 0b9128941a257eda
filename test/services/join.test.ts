/** Goal: a leader gives out a ticket, and takes the keys shown with it, only where that is safe, and says why not. */
import { beforeEach, expect, test } from 'vitest';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { createInstallWatch } from '../../services/controller/install-watch.ts';
import { carryOut } from '../../services/controller/orders.ts';
import { createProvisioning } from '../../services/controller/provision.ts';
import type { Order } from '../../services/protocol.ts';
import type { InstallAnswer } from '../../services/provisioning.ts';
import { type Story, spec, story } from '../machines/given.ts';

const provisioning = { network: '10.0.0.0/24', image: 'host', imageKeys: {} };
const KEY = Buffer.alloc(32, 4).toString('base64');
const keys = { agent: 'a', voter: 'v', controller: 'c', node: 'n' };

let s: Story;
let take: ReturnType<typeof createProvisioning>;
const clock = { now: () => 0, wall: () => 0, after: () => () => {} };
const pen = {
  async write(decide: (fleet: Fleet) => readonly Draft[]) {
    const drafts = decide(s.fleet);
    for (const draft of drafts) s.write(draft);
    return drafts.length === 0 ? null : s.fleet.seq;
  },
};
const begin = (more: object = { provisioning }) => {
  s = story(spec(4, {}, { voters: ['h1', 'h2', 'h3'], ...more }));
  s.elect();
  for (const host of ['h1', 'h2', 'h3']) s.join(host, 1);
  take = createProvisioning(
    pen,
    () => s.fleet,
    createInstallWatch(() => s.fleet, clock),
    {
      clock,
      say: { info() {}, warn() {}, error() {} },
      secret: () => 'secret',
      verifyRaw: (key, text, signature) => signature === `${key} ${text}`,
      enrolment: {
        certify: async () => ({ kind: 'certified', certificate: 'PEM' }),
        files: () => ({ 'keys/ca.crt': 'CA' }),
      },
    },
  );
};
beforeEach(() => begin());

const order = (one: Order) =>
  carryOut(one, {
    pen,
    fleet: () => s.fleet,
    verify: () => true,
    block: async () => ({ answers: [], lost: [] }) as never,
    stepDown: () => {},
  });
const ticketFor = (host: string, key = KEY) =>
  order({ kind: 'offer-join', host, key, by: 'ann', reason: 'a new machine' });
const job = () => s.fleet.jobs.h4!.context;
const show = (more: object = {}, key = KEY): Promise<InstallAnswer> => {
  const of = { job: job().job, attempt: job().attempt };
  const body = JSON.stringify({ kind: 'enrol', ...of, n: 9, keys, request: 'PEM', ...more });
  return take({ kind: 'provision', from: 'h1', body, signature: `${key} ${body}` });
};

test('who shows the ticket is enrolled under new keys, above every life that was known, and again only with the same', async () => {
  expect(await ticketFor('h4')).toMatchObject({ kind: 'accepted' });
  const answer = await show();
  expect(answer).toMatchObject({ kind: 'enrolled', certificate: 'PEM', counter: 99 });
  expect(await show()).toEqual(answer);
  expect(await show({ keys: { ...keys, node: 'x' } })).toMatchObject({
    kind: 'refused',
    reason: 'h4 was enrolled before',
    stop: true,
  });
  expect(s.fleet.enrolled.h4).toEqual(keys);
  expect(s.entries.filter(({ entry }) => entry.type === 'host.enrolled')).toHaveLength(1);
});

test('the entry tells who, why, how long, and the public half alone', async () => {
  await ticketFor('h4');
  expect(s.entries.at(-1)!.entry).toMatchObject({
    type: 'join.offered',
    cause: 'operator',
    data: { by: 'ann', reason: 'a new machine', key: KEY, withinMs: 900_000 },
  });
});

test('with another key, a boot or a commit there is nothing to be had for it', async () => {
  await ticketFor('h4');
  expect(await show({}, 'another')).toMatchObject({ kind: 'refused', stop: true });
  for (const more of [
    { kind: 'commit', disk: { serial: 's4' }, manifest: 'a'.repeat(64) },
    { kind: 'bye', how: 'reboot' },
  ]) {
    const body = JSON.stringify({ job: job().job, attempt: 1, n: 10, ...more });
    expect(await take({ kind: 'provision', from: 'h1', body, signature: `${KEY} ${body}` })).toMatchObject({
      kind: 'refused',
    });
  }
  const hello = JSON.stringify({
    kind: 'hello',
    job: job().job,
    attempt: 1,
    token: KEY,
    key: KEY,
    inventory: { uuid: null, macs: [], firmware: 'bios', memoryMiB: 1, cpus: 1, disks: [] },
  });
  expect(await take({ kind: 'provision', from: 'h1', body: hello, signature: null })).toMatchObject({
    kind: 'refused',
    stop: true,
  });
  expect(s.fleet.jobs.h4!.state).toBe('offered');
});

test('while the cluster is frozen it may be shown again; once it ran out, not', async () => {
  await ticketFor('h4');
  s.append('cluster.frozen', 'cluster', { by: 'bob', reason: 'r' });
  expect(await show()).toEqual({ kind: 'refused', reason: 'frozen by bob: r', stop: false });
  s.append('cluster.thawed', 'cluster', { by: 'bob' });
  s.fire('host/h4/join');
  expect(await show()).toEqual({ kind: 'refused', reason: 'h4 did not join in time', stop: true });
  expect(s.fleet.enrolled.h4).toBeUndefined();
});

test('the next ticket makes the first void, and counts above the lives of who used that in vain', async () => {
  await ticketFor('h4');
  const first = { job: job().job, attempt: job().attempt };
  await show();
  await ticketFor('h4', Buffer.alloc(32, 5).toString('base64'));
  expect(await show(first)).toMatchObject({ kind: 'refused', reason: 'this try is over', stop: true });
  expect(await show({ keys: { ...keys, node: 'm' } }, job().key!)).toMatchObject({ kind: 'enrolled', counter: 199 });
  expect(s.fleet.enrolled.h4!.node).toBe('m');
});

test.each<[string, () => void, object]>([
  ['h1', () => {}, { code: 'NOT_JOINABLE', reason: expect.stringMatching(/h1 is a voter/) }],
  ['h4', () => s.join('h4', 3), { code: 'NOT_JOINABLE', reason: 'h4 is not proven stopped' }],
  ['h9', () => {}, { code: 'UNKNOWN_HOST' }],
  ['h4', () => begin({}), { code: 'JOIN_NO_PROVISIONING' }],
])('no ticket for %s', async (host, given, why) => {
  given();
  expect(await ticketFor(host)).toMatchObject({ kind: 'rejected', ...why });
  expect(s.entries.filter(({ entry }) => entry.type === 'join.offered')).toEqual([]);
});
