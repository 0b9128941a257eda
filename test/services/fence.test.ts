import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../machines/times.ts';
import { type FenceOrder, fence } from '../../services/controller/fence.ts';
import { createHearing } from '../../services/hearing.ts';
import type { Bus, Outcome, PowerSwitch } from '../../services/ports.ts';
import { blockText } from '../../services/voter/voter.ts';
import { createScheduler, type Scheduler } from '../../sim/scheduler.ts';

const times = PROFILES.fast;
const REMAINING_MS = 4_000;

function votersOf(
  scheduler: Scheduler,
  answering: readonly string[],
  sign = (voter: string, text: string) => `${voter} ${text}`,
): Bus {
  return {
    request: (address) =>
      new Promise((resolve, reject) => {
        const voter = address.slice('voter.'.length);
        if (!answering.includes(voter))
          return void scheduler.at(scheduler.now() + 500, () => reject(new Error('timeout')));
        const said = { voter, host: 'h1', counter: 1, epoch: 7, remainingMs: REMAINING_MS };
        scheduler.at(scheduler.now() + 2, () =>
          resolve({ kind: 'blocked', answer: { ...said, signature: sign(voter, blockText(said)) } }),
        );
      }),
    gather: async () => {},
    onReach: () => () => {},
    publish() {},
    serve: () => () => {},
  };
}

const ok: Outcome = { kind: 'succeeded', detail: '' };
const power = (states: ('on' | 'off' | 'unknown')[], off: Outcome = ok): PowerSwitch => ({
  method: 'test',
  readingsApartMs: 100,
  off: async () => off,
  on: async () => ok,
  status: async () => (states.length > 1 ? states.shift()! : states[0]!),
});

async function run(
  scheduler: Scheduler,
  bus: Bus,
  more: Partial<FenceOrder>,
  hear?: (hearing: ReturnType<typeof createHearing>) => void,
) {
  const hearing = createHearing('h2', 500, scheduler.clock());
  const order: FenceOrder = {
    host: 'h1',
    counter: 1,
    epoch: 7,
    voters: ['h1', 'h2', 'h3'],
    times,
    selfFencing: false,
    switches: [],
    cutsPower: true,
    wanted: () => true,
    ...more,
  };
  const say = { info() {}, warn() {}, error() {} };
  const verify = (key: string, text: string, signature: string) => signature === `${key} ${text}`;
  let result: Awaited<ReturnType<typeof fence>> | undefined;
  const keys = { h1: 'h1', h2: 'h2', h3: 'h3' };
  const ended = new AbortController();
  void fence(order, { bus, clock: scheduler.clock(), hearing, say, verify, keys }, ended.signal).then(
    (r) => {
      result = r;
    },
    () => {},
  );
  await scheduler.runUntil(50);
  hear?.(hearing);
  await scheduler.runUntil(20_000, () => result !== undefined);
  const atMs = scheduler.now();
  ended.abort();
  return { result, atMs };
}

describe('fencing', () => {
  test('power read off twice, apart, after a majority has blocked, is a proof', async () => {
    const scheduler = createScheduler();
    const { result } = await run(scheduler, votersOf(scheduler, ['h2', 'h3']), { switches: [power(['off'])] });
    expect(result).toMatchObject({
      kind: 'proven',
      proof: { kind: 'R2', readings: [{ state: 'off' }, { state: 'off' }] },
    });
  });

  test('without a majority of voters nothing is proven, whatever the power says', async () => {
    const scheduler = createScheduler();
    expect(
      (await run(scheduler, votersOf(scheduler, ['h3']), { switches: [power(['off'])], selfFencing: true })).result,
    ).toBeUndefined();
  });

  test('an answer with a forged signature is no vote', async () => {
    const scheduler = createScheduler();
    const forged = votersOf(scheduler, ['h2', 'h3'], (voter, text) => (voter === 'h3' ? 'forged' : `${voter} ${text}`));
    expect((await run(scheduler, forged, { switches: [power(['off'])] })).result).toBeUndefined();
  });

  test.each([
    ['on both times', power(['on'])],
    ['off once only', power(['off', 'on'])],
    ['unknown the second time', power(['off', 'unknown'])],
    ['off, but the command failed', power(['off'], { kind: 'failed', reason: 'wrong password' })],
  ])('a switch that reads %s proves nothing', async (_, switched) => {
    const scheduler = createScheduler();
    const { result } = await run(scheduler, votersOf(scheduler, ['h2', 'h3']), { switches: [switched] });
    expect(result).toMatchObject({ kind: 'failed' });
  });

  test('a switch that reads off while the host is heard is not believed', async () => {
    const scheduler = createScheduler();
    const { result } = await run(
      scheduler,
      votersOf(scheduler, ['h2', 'h3']),
      { switches: [power(['off'])] },
      (hearing) => hearing.heard('h1'),
    );
    expect(result).toMatchObject({
      kind: 'failed',
      attempts: expect.arrayContaining([{ method: 'test', reason: expect.stringContaining('not to be trusted') }]),
    });
  });

  test('with the switch dead the lease is waited out, and no less', async () => {
    const scheduler = createScheduler();
    const { result, atMs } = await run(scheduler, votersOf(scheduler, ['h2', 'h3']), {
      switches: [power(['unknown'])],
      selfFencing: true,
    });
    expect(result).toMatchObject({ kind: 'proven', proof: { kind: 'R3' } });
    expect(atMs).toBeGreaterThanOrEqual(REMAINING_MS * 1.015);
  });

  test('a host that cannot stop itself is never proven dead by its lease', async () => {
    const scheduler = createScheduler();
    const { result } = await run(scheduler, votersOf(scheduler, ['h2', 'h3']), {
      switches: [power(['unknown'])],
      selfFencing: false,
    });
    expect(result).toMatchObject({ kind: 'failed' });
  });

  test.each([
    ['off: that is the proof', 'off', 'proven'],
    ['on: nothing is proven', 'on', 'failed'],
  ] as const)('power that is to be left alone is read only, and reads %s', async (_, state, kind) => {
    const scheduler = createScheduler();
    let cut = false;
    const off = async () => {
      cut = true;
      return ok;
    };
    const more = { switches: [{ ...power([state]), off }], cutsPower: false };
    const { result } = await run(scheduler, votersOf(scheduler, ['h2', 'h3']), more);
    expect(result).toMatchObject({ kind });
    expect(cut).toBe(false);
  });

  test('the power of a host that has registered another life is not cut', async () => {
    const scheduler = createScheduler();
    let cut = false;
    const off = async () => {
      cut = true;
      return ok;
    };
    const more = { switches: [{ ...power(['off']), off }], wanted: () => false };
    await run(scheduler, votersOf(scheduler, ['h2', 'h3']), more);
    expect(cut).toBe(false);
  });

  test('the next level is asked when every switch of the one before has failed, and not earlier', async () => {
    const scheduler = createScheduler();
    const clock = scheduler.clock();
    const told: string[] = [];
    const at = (level: number, method: string, afterMs: number, off: Outcome): PowerSwitch => ({
      ...power(['off']),
      method,
      level,
      async off() {
        told.push(`${method} at ${scheduler.now() - 2}`);
        await new Promise<void>((resolve) => void clock.after(afterMs, resolve));
        return off;
      },
    });
    const failed: Outcome = { kind: 'failed', reason: 'dead' };
    const { result } = await run(scheduler, votersOf(scheduler, ['h2', 'h3']), {
      switches: [
        at(3, 'never', 0, ok),
        at(2, 'outlets', 5, ok),
        at(1, 'bmc', 2_000, failed),
        at(1, 'old', 100, failed),
      ],
    });
    expect(told).toEqual(['bmc at 0', 'old at 0', 'outlets at 2000']);
    expect(result).toMatchObject({ kind: 'proven', proof: { method: 'outlets' } });
  });

  test('the lease does not wait for any level', async () => {
    const scheduler = createScheduler();
    const never = { ...power(['unknown']), off: () => new Promise<never>(() => {}) };
    const { result } = await run(scheduler, votersOf(scheduler, ['h2', 'h3']), {
      switches: [never, { ...power(['off']), level: 2 }],
      selfFencing: true,
    });
    expect(result).toMatchObject({ kind: 'proven', proof: { kind: 'R3' } });
  });
});
