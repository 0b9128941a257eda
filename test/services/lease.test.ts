import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../machines/times.ts';
import { holdLease } from '../../services/agent/lease.ts';
import { addresses } from '../../services/protocol.ts';
import { serveVoter } from '../../services/voter/voter.ts';
import { createMemory, createRegisters } from '../../sim/memory.ts';
import { createNetwork } from '../../sim/network.ts';
import { createProcess } from '../../sim/process.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';

const times = PROFILES.fast;
const say = { info() {}, warn() {}, error() {} };
const voters = ['h1', 'h2', 'h3'];

/** A host's lease at three voters, each of which has blocked the given life of the host. */
function leased(blocks: Readonly<Record<string, number>>, counter = 1, epochs: Readonly<Record<string, number>> = {}) {
  const scheduler = createScheduler();
  const network = createNetwork(scheduler, createRandom(1), voters, voters, [1, 1]);
  for (const node of voters) {
    const registers = createRegisters();
    if (blocks[node] !== undefined) registers.raiseBlocked('h1', blocks[node]);
    registers.raiseEpoch(epochs[node] ?? 0);
    const signer = { publicKey: node, sign: () => node };
    const ports = {
      clock: scheduler.clock(),
      bus: network.bus(node, createProcess(scheduler)),
      registers,
      signer,
      say,
    };
    serveVoter({ node, hosts: ['h1'], times }, ports);
  }
  const lives: number[] = [];
  const memory = createMemory();
  const lease = holdLease(
    { host: 'h1', voters, times },
    counter,
    { bus: network.bus('h1', createProcess(scheduler)), clock: scheduler.clock(), say, memory },
    { extended() {}, ended: (blockedCounter) => void lives.push(blockedCounter) },
  );
  const pass = (ms: number) => scheduler.runUntil(scheduler.now() + ms);
  return { scheduler, lease, network, lives, memory, pass, held: () => lease.endMs() > scheduler.now() };
}

describe('a lease and what blocks it', () => {
  test('one voter that kept the block of a fence that failed costs a daemon that has just begun nothing', async () => {
    const { lives, pass, held } = leased({ h2: 1 });
    await pass(60_000);
    expect(held()).toBe(true);
    expect(lives).toEqual([]);
  });

  test('once the lease is lost too, the blocked life ends, so that the host can come back without a person', async () => {
    const { network, lives, pass, held } = leased({ h2: 1 });
    await pass(1_000);
    network.isolate('h3');
    await pass(2 * times.leaseMs);
    expect(held()).toBe(false);
    expect(lives[0]).toBe(1);
  });

  test('a majority ends it at once, and the next life is leased again', async () => {
    const { lease, lives, pass, held } = leased({ h1: 1, h3: 1 });
    await pass(2 * times.heartbeatMs);
    expect(lives[0]).toBe(1);
    lease.restart(2);
    await pass(2 * times.heartbeatMs);
    expect(held()).toBe(true);
  });

  test('a new life is leased only once its agent obeys no leader older than the voters know', async () => {
    const { memory, pass, held } = leased({}, 1, { h1: 4, h2: 7, h3: 4 });
    await pass(1);
    expect(held()).toBe(false);
    await pass(times.heartbeatMs);
    expect([held(), memory.highestEpoch()]).toEqual([true, 7]);
  });

  test('an answer in the name of somebody who is no voter counts for nothing', async () => {
    const { scheduler, network, pass, held } = leased({ h2: 1, h3: 1 });
    network.bus('h2', createProcess(scheduler)).serve(addresses.renew('h1'), (message) => {
      return { kind: 'promised', voter: 'h9', n: (message as { n: number }).n };
    });
    await pass(10_000);
    expect(held()).toBe(false);
  });
});
