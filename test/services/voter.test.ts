import { describe, expect, test } from 'vitest';
import { PROFILES, restartPromiseMs, timesText } from '../../machines/times.ts';
import { createVoter } from '../../services/voter/voter.ts';
import { createRegisters } from '../../sim/memory.ts';
import { createScheduler } from '../../sim/scheduler.ts';

const times = PROFILES.fast;

function setUp(registers = createRegisters()) {
  const scheduler = createScheduler();
  const start = () =>
    createVoter(
      { node: 'v1', hosts: ['h1', 'h2'], times },
      { clock: scheduler.clock(), registers, signer: { publicKey: 'v1', sign: (text) => `signed ${text}` } },
    );
  const renew = (voter: ReturnType<typeof start>, counter = 3, host = 'h1', epoch = 99) =>
    voter.renew({ kind: 'renew', host, counter, n: 1, unleasedMs: 0, times: timesText(times), epoch });
  const block = (voter: ReturnType<typeof start>, epoch: number, counter = 3) =>
    voter.answer({ kind: 'block', host: 'h1', counter, epoch });
  return { scheduler, registers, start, renew, block };
}

describe('a voter', () => {
  test('never again renews a blocked life, not even after its restart, and renews the next life', () => {
    const { start, renew, block } = setUp();
    const voter = start();
    expect(renew(voter)).toMatchObject({ kind: 'promised' });
    expect(block(voter, 1)).toMatchObject({ kind: 'blocked' });
    expect(renew(voter)).toMatchObject({ kind: 'blocked', blockedCounter: 3 });
    const restarted = start();
    expect(renew(restarted)).toMatchObject({ kind: 'blocked' });
    expect(renew(restarted, 2)).toMatchObject({ kind: 'blocked' });
    expect(renew(restarted, 4)).toMatchObject({ kind: 'promised' });
  });

  test('answers Block with what is left of its promise', async () => {
    const { scheduler, start, renew, block } = setUp();
    const voter = start();
    await scheduler.runUntil(20_000);
    renew(voter);
    await scheduler.runUntil(21_500);
    expect(block(voter, 1)).toMatchObject({ answer: { remainingMs: times.leaseMs - 1_500 } });
  });

  test('that restarted answers as if it had promised everything just then', async () => {
    const { scheduler, registers, start, renew, block } = setUp();
    renew(start());
    await scheduler.runUntil(20_000);
    const restarted = start();
    expect(registers.blockedCounter('h1')).toBe(-1);
    expect(block(restarted, 1)).toMatchObject({ answer: { remainingMs: expect.closeTo(restartPromiseMs(times)) } });
  });

  test('a promise to a newer life does not lengthen the wait for an older one, and shuts the older one out', async () => {
    const { scheduler, start, renew, block } = setUp();
    const voter = start();
    await scheduler.runUntil(20_000);
    renew(voter, 3);
    await scheduler.runUntil(24_000);
    renew(voter, 4);
    expect(renew(voter, 3)).toMatchObject({ kind: 'refused' });
    expect(block(voter, 1, 3)).toMatchObject({ answer: { remainingMs: 1_000 } });
  });

  test('promises the leadership to one node at a time, and only to a new epoch', async () => {
    const { scheduler, start } = setUp();
    const voter = start();
    const campaign = (node: string, epoch: number, dry = false) =>
      voter.answer({ kind: 'campaign', node, epoch, times: timesText(times), dry });
    expect(campaign('h1', 1)).toMatchObject({ kind: 'elected' });
    expect(campaign('h2', 2)).toMatchObject({ kind: 'refused', remainingMs: times.leaderLeaseMs });
    await scheduler.runUntil(times.leaderLeaseMs);
    expect(campaign('h2', 1)).toMatchObject({ kind: 'refused', epoch: 1 });
    expect(campaign('h2', 2, true)).toMatchObject({ kind: 'promised' });
    expect(campaign('h2', 2)).toMatchObject({ kind: 'elected' });
    expect(voter.answer({ kind: 'renew-leader', node: 'h1', epoch: 1, n: 1 })).toMatchObject({
      kind: 'refused',
      epoch: 2,
    });
  });

  test('that was away during an election obeys the leader it finds, and nobody older, over its own restart too', () => {
    const { start } = setUp();
    const voter = start();
    expect(voter.answer({ kind: 'renew-leader', node: 'h2', epoch: 4, n: 1 })).toMatchObject({ kind: 'promised' });
    expect(voter.answer({ kind: 'renew-leader', node: 'h1', epoch: 3, n: 1 })).toMatchObject({ kind: 'refused' });
    expect(start().answer({ kind: 'renew-leader', node: 'h1', epoch: 3, n: 1 })).toMatchObject({ kind: 'refused' });
  });

  test('asked dry, promises and remembers nothing', () => {
    const { registers, start } = setUp();
    start().answer({ kind: 'campaign', node: 'h1', epoch: 9, times: timesText(times), dry: true });
    expect(registers.highestEpoch()).toBe(0);
  });

  test('tells whom it elects which lives it has ever leased, also after its restart', () => {
    const { start, renew } = setUp();
    const voter = start();
    renew(voter, 3);
    renew(voter, 4);
    const elected = { kind: 'elected', lives: { h1: 4 } };
    expect(
      start().answer({ kind: 'campaign', node: 'v1', epoch: 1, times: timesText(times), dry: false }),
    ).toMatchObject(elected);
  });

  test('promises a life that it told no leader of only once its agent obeys no older leader', () => {
    const { registers, start, renew } = setUp();
    const voter = start();
    renew(voter, 3, 'h1', 0);
    registers.raiseEpoch(5);
    expect(renew(voter, 3, 'h1', 0)).toMatchObject({ kind: 'promised' });
    expect(renew(voter, 4, 'h1', 4)).toMatchObject({ kind: 'obey-first', epoch: 5 });
    expect(registers.promisedCounter('h1')).toBe(3);
    expect(renew(voter, 4, 'h1', 5)).toMatchObject({ kind: 'promised' });
    expect(renew(start(), 4, 'h1', 0)).toMatchObject({ kind: 'promised' });
  });

  test('refuses to block for a leader whose epoch is over', () => {
    const { start, block } = setUp();
    const voter = start();
    block(voter, 5);
    expect(block(voter, 4, 7)).toMatchObject({ kind: 'refused', epoch: 5 });
  });

  test('refuses a host that counts with other times, and one it does not know', () => {
    const { start, renew } = setUp();
    const voter = start();
    expect(
      voter.renew({
        kind: 'renew',
        host: 'h1',
        counter: 1,
        n: 1,
        unleasedMs: 0,
        times: timesText(PROFILES.wan),
        epoch: 0,
      }),
    ).toMatchObject({ kind: 'refused' });
    expect(renew(voter, 1, 'h9')).toMatchObject({ kind: 'refused' });
  });
});
