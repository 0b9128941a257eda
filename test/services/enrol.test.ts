/** Goal: an enrolment whose answer was lost can be asked for again, by who asked first and by nobody else. */
import { beforeEach, expect, test } from 'vitest';
import type { Draft } from '../../machines/entries.ts';
import { emptyFleet, type Fleet, type JobStateName } from '../../machines/fleet.ts';
import { newHost } from '../../machines/host-parts.ts';
import { newJob } from '../../machines/job-parts.ts';
import { createProvisioning } from '../../services/controller/provision.ts';

const keys = { agent: 'UA', voter: 'UV', controller: 'UC', node: 'UN' };
const image = 'a'.repeat(64);

let fleet: Fleet;
let entries: Draft[];
let reason: string | null;
const inState = (state: JobStateName) => {
  const job = { state, context: { ...newJob('h4'), job: '3.17', attempt: 1, key: 'K', enrolled: entries.length > 0 } };
  fleet = { ...fleet, jobs: { h4: job } };
};
beforeEach(() => {
  entries = [];
  reason = null;
  fleet = { ...emptyFleet, hosts: { h4: { state: 'reinstalling', context: { ...newHost('h4'), leased: 6 } } } };
  inState('first-boot');
});

const pen = {
  async write(decide: (now: Fleet) => readonly Draft[]) {
    const drafts = decide(fleet);
    entries.push(...drafts);
    for (const draft of drafts)
      if (draft.type === 'host.enrolled') fleet = { ...fleet, enrolled: { h4: draft.data.keys } };
    inState('first-boot');
    return drafts.length > 0 ? entries.length : null;
  },
};
const provision = (message: object) =>
  createProvisioning(
    pen,
    () => fleet,
    { heard: () => true, progress: () => null, stalled: () => [] },
    {
      clock: { now: () => 0, wall: () => 0, after: () => () => {} },
      say: { info: () => {}, warn: () => {}, error: () => {} },
      secret: () => 'secret',
      verifyRaw: () => true,
      enrolment: {
        certify: async (host) =>
          reason ? { kind: 'failed', reason } : { kind: 'certified', certificate: `certificate of ${host}` },
        files: () => ({ 'keys/identities.json': JSON.stringify(fleet.enrolled) }),
      },
    },
  )({
    kind: 'provision',
    from: 'h1',
    signature: 'S',
    body: JSON.stringify({ kind: 'enrol', job: '3.17', attempt: 1, n: 9, keys, request: 'PEM', image, ...message }),
  });

test('keys enter the log once, and are answered the same until the host has registered with them', async () => {
  const answer = await provision({});
  expect(answer).toMatchObject({ kind: 'enrolled', certificate: 'certificate of h4' });
  // What the host gets knows it by its new keys already.
  expect(answer).toMatchObject({ files: { 'keys/identities.json': JSON.stringify({ h4: keys }) } });
  expect(await provision({})).toEqual(answer);
  expect(entries.map(({ type }) => type)).toEqual(['host.enrolled']);
  inState('accepted');
  expect(await provision({})).toMatchObject({ kind: 'refused', stop: true });
});

test('other keys after the first are refused: they are of somebody else', async () => {
  await provision({});
  expect(await provision({ keys: { ...keys, agent: 'UX' } })).toMatchObject({ kind: 'refused', stop: true });
  expect(entries).toHaveLength(1);
});

test('nothing enters the log while nobody can certify, and it may be asked again', async () => {
  reason = 'h4 leads and is no voter';
  expect(await provision({})).toEqual({ kind: 'refused', reason, stop: false });
  expect(entries).toEqual([]);
  reason = null;
  expect(await provision({})).toMatchObject({ kind: 'enrolled' });
});
