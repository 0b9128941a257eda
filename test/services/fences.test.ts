import { expect, test } from 'vitest';
import { createFences } from '../../services/controller/fences.ts';
import { createHearing } from '../../services/hearing.ts';
import type { Bus, PowerSwitch } from '../../services/ports.ts';
import { blockText } from '../../services/voter/voter.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { running, spec } from '../machines/given.ts';

test('a proof that the log does not have yet is kept: the host counts as lost, and its power is cut once', async () => {
  const scheduler = createScheduler();
  const clock = scheduler.clock();
  const s = running(spec(3));
  let cuts = 0;
  const power: PowerSwitch = {
    method: 'test',
    readingsApartMs: 100,
    off: async () => {
      cuts += 1;
      return { kind: 'succeeded', detail: '' };
    },
    on: async () => ({ kind: 'succeeded', detail: '' }),
    status: async () => 'off',
  };
  const bus: Bus = {
    request: async (address, message) => {
      const { host, counter, epoch } = message as { host: string; counter: number; epoch: number };
      const said = { voter: address.slice('voter.'.length), host, counter, epoch, remainingMs: 0 };
      return { kind: 'blocked', answer: { ...said, signature: blockText(said) } };
    },
    gather: async () => {},
    onReach: () => () => {},
    publish() {},
    serve: () => () => {},
  };
  const ports = {
    bus,
    clock,
    hearing: createHearing('h2', 500, clock),
    say: { info() {}, warn() {}, error() {} },
    verify: (_: string, text: string, signature: string) => text === signature,
    keys: {},
  };
  const { signal } = new AbortController();
  const fences = createFences(
    1,
    s.fleet.spec!,
    () => s.fleet,
    ports,
    () => [power],
    signal,
  );

  const early = fences.join('h1', 1);
  await scheduler.runUntil(10_000);
  expect(await early).toMatchObject({ kind: 'proven' });
  expect(fences.underWay()).toEqual(['h1']);
  expect(await fences.join('h1', 1)).toBe(await early);
  expect(cuts).toBe(1);

  s.suspect('h1');
  s.prove('h1');
  expect(fences.underWay()).toEqual([]);
});
