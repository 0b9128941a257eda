import { expect, test } from 'vitest';
import { dispatchPending } from '../../services/controller/dispatch.ts';
import type { Bus } from '../../services/ports.ts';
import type { Command } from '../../services/protocol.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { running, spec } from '../machines/given.ts';

test('a command whose intent is over is not sent again: a source that comes back is not asked to send an old guest', async () => {
  const scheduler = createScheduler();
  const s = running(spec(3, { g1: { prefers: 'h1' } }));
  s.append('guest.migration-requested', 'guest/g1', { to: 'h2', by: 'ann' });
  s.placeAll();
  const asked: string[] = [];
  const bus: Bus = {
    request: async (address, message) => {
      asked.push(`${address} ${(message as Command).kind}`);
      if (address === 'agent.h2') return { kind: 'succeeded', detail: 'expected' };
      throw new Error('timeout');
    },
    gather: async () => {},
    onReach: () => () => {},
    publish() {},
    serve: () => () => {},
  };
  const clock = scheduler.clock();
  let look = () => {};
  const replica = {
    onEntry: (listener: () => void) => {
      look = listener;
      return () => {};
    },
  };
  const pen = { write: async () => null };
  const say = { info() {}, warn() {}, error() {} };
  const context = {
    epoch: 1,
    pen,
    fleet: () => s.fleet,
    signal: new AbortController().signal,
    fence: () => new Promise<never>(() => {}),
    proven: () => false,
    loads: () => ({}),
  };
  const power = { switches: () => [], on: async () => null };
  const end = dispatchPending(context, replica as never, { bus, clock, say, power }, () => () => {});
  await scheduler.runUntil(1_000);
  expect(asked).toContain('agent.h1 migrate');

  s.suspect('h1');
  s.prove('h1');
  look();
  await scheduler.runUntil(1_200);
  asked.length = 0;
  await scheduler.runUntil(6_000);
  expect(asked).not.toContain('agent.h1 migrate');
  end();
});
