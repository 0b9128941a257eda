import { expect, test } from 'vitest';
import { dispatchPending } from '../../services/controller/dispatch.ts';
import type { ExecuteContext } from '../../services/controller/execute.ts';
import type { Bus } from '../../services/ports.ts';
import type { Command } from '../../services/protocol.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { running, spec } from '../machines/given.ts';

/** Dispatches what is pending in this state, until `end` is called. `look` as after an entry. */
function dispatch(s: ReturnType<typeof running>, bus: Partial<Bus>, more: Partial<ExecuteContext> = {}) {
  const scheduler = createScheduler();
  let look = () => {};
  const replica = {
    onEntry: (listener: () => void) => {
      look = listener;
      return () => {};
    },
  };
  const context: ExecuteContext = {
    epoch: 1,
    pen: { write: async () => null },
    fleet: () => s.fleet,
    signal: new AbortController().signal,
    fence: () => new Promise<never>(() => {}),
    proven: () => false,
    isBack: () => false,
    loads: () => ({}),
    ...more,
  };
  const ports = {
    bus: { gather: async () => {}, onReach: () => () => {}, publish() {}, serve: () => () => {}, ...bus } as Bus,
    clock: scheduler.clock(),
    say: { info() {}, warn() {}, error() {} },
    power: {
      switches: () => [],
      on: async () => null,
      netBoot: async () => null,
      off: async () => ({ method: 'none', outcome: { kind: 'failed', reason: 'none' } as const }),
    },
  };
  const boots = { sinceMs: () => null };
  const end = dispatchPending(context, replica as never, { ...ports, boots }, () => () => {});
  return { scheduler, end, look: () => look() };
}

test('a command whose intent is over is not sent again: a source that comes back is not asked to send an old guest', async () => {
  const s = running(spec(3, { g1: { prefers: 'h1' } }));
  s.append('guest.migration-requested', 'guest/g1', { to: 'h2', by: 'ann' });
  s.placeAll();
  const asked: string[] = [];
  const { scheduler, look, end } = dispatch(s, {
    request: async (address, message) => {
      asked.push(`${address} ${(message as Command).kind}`);
      if (address === 'agent.h2') return { kind: 'succeeded', detail: 'expected' };
      throw new Error('timeout');
    },
  });
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

test('a host that an earlier leader suspected and that is back is not fenced; once it is silent again, it is', async () => {
  const s = running(spec(3, {}));
  s.suspect('h1');
  let back = true;
  const fenced: string[] = [];
  const fence: ExecuteContext['fence'] = (host) => {
    fenced.push(host);
    return new Promise(() => {});
  };
  const { scheduler, end } = dispatch(s, {}, { fence, isBack: () => back });
  await scheduler.runUntil(5_000);
  expect(fenced).toEqual([]);
  back = false;
  await scheduler.runUntil(7_000);
  expect(fenced).toEqual(['h1']);
  end();
});
