/** Goal: a guest's disk is exchanged by whoever may start the guest, right before that, and by nobody else. */
import { beforeEach, expect, test } from 'vitest';
import { type CommandContext, createCommands } from '../../services/agent/commands.ts';
import type { AgentMemory, Hypervisor, Outcome } from '../../services/ports.ts';
import type { Command } from '../../services/protocol.ts';

let did: string[];
let state: 'gone' | 'running';
let leaseEndMs: number;
let put: Outcome;
beforeEach(() => {
  did = [];
  state = 'gone';
  leaseEndMs = 1_000;
  put = { kind: 'succeeded', detail: '' };
});

const act = (what: string, outcome: () => Outcome) => async () => {
  did.push(what);
  return outcome();
};
const done: Outcome = { kind: 'succeeded', detail: '' };
const handle = (command: Command) =>
  createCommands({ counter: () => 4, leaseEndMs: () => leaseEndMs, quiescing: () => false } as CommandContext, {
    clock: { now: () => 0, wall: () => 0, after: () => () => {} },
    memory: {
      highestEpoch: () => 1,
      done: () => null,
      setDone: () => {},
      grants: () => [],
      highestToken: () => null,
      putGrant: () => did.push('grant'),
      dropGrant: () => did.push('give back'),
      raiseToken: () => {},
    } as unknown as AgentMemory,
    hypervisor: {
      state: async () => state,
      rebuild: act('rebuild', () => done),
      exchange: act('exchange', () => put),
      start: async (_guest: string, _definition: string, _token: string, installs?: boolean) => {
        did.push(installs ? 'start from the network' : 'start');
        return done;
      },
    } as unknown as Hypervisor,
    guard: { allow: () => {}, revoke: () => {}, setLeaseEnd: () => {} },
    say: { info: () => {}, warn: () => {}, error: () => {} },
  }).handle(command);

const of = { epoch: 1, intent: 'guest/g1/start@9', guest: 'g1' };
const start: Extract<Command, { kind: 'start' }> = {
  kind: 'start',
  ...of,
  counter: 4,
  token: '1.9',
  definition: '<domain/>',
  rebuilt: { disk: '/images/g1.qcow2', token: '1.7' },
};
const rebuild: Command = {
  kind: 'rebuild',
  ...of,
  token: '1.7',
  rebuild: { disk: '/images/g1.qcow2', from: '/images/golden.qcow2', format: 'qcow2' },
};

test('under the grant, before the start', async () => {
  expect(await handle(start)).toMatchObject({ kind: 'succeeded' });
  expect(did).toEqual(['grant', 'exchange', 'start']);
});

test('an empty one is started on from the network, that once', async () => {
  expect(await handle({ ...start, rebuilt: { ...start.rebuilt!, installs: true } })).toMatchObject({
    kind: 'succeeded',
  });
  expect(did).toEqual(['grant', 'exchange', 'start from the network']);
});

test('a guest that runs here already keeps its disk', async () => {
  state = 'running';
  expect(await handle(start)).toMatchObject({ kind: 'succeeded' });
  expect(did).toEqual(['grant']);
});

test('without a lease nothing is exchanged and nothing is made', async () => {
  leaseEndMs = 0;
  expect(await handle(start)).toMatchObject({ kind: 'failed' });
  expect(await handle(rebuild)).toMatchObject({ kind: 'refused' });
  expect(did).toEqual([]);
});

test('a disk that cannot be exchanged is not started on', async () => {
  put = { kind: 'failed', reason: 'the disk is full' };
  expect(await handle(start)).toEqual({ kind: 'failed', reason: 'the disk is full' });
  expect(did).toEqual(['grant', 'exchange', 'give back']);
});

test('none is made where the guest is', async () => {
  expect(await handle(rebuild)).toMatchObject({ kind: 'succeeded' });
  state = 'running';
  expect(await handle(rebuild)).toMatchObject({ kind: 'failed', reason: 'g1 is here, running: its disk is in use' });
  expect(did).toEqual(['rebuild']);
});
