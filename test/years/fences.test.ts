import { expect, test } from 'vitest';
import type { WorldEvent } from '../../sim/simulation.ts';
import { createFences } from '../../sim/years/fences.ts';

const joined = (host: string) =>
  ({ atMs: 0, kind: 'entry', stored: { entry: { type: 'host.joined', subject: `host/${host}` } } }) as WorldEvent;

const reset = (host: string): WorldEvent => ({ atMs: 0, kind: 'power', host, on: false, why: 'reset by its watchdog' });

test('a host that is ill, or was a moment ago, may be fenced; one that never was may not', () => {
  let nowMs = 0;
  const fences = createFences(() => nowMs);
  fences.fallIll(['h1']);
  fences.hear(reset('h1'));
  fences.hear(reset('h2'));
  fences.getWell(['h1']);
  nowMs = 60_000;
  fences.hear(reset('h1'));
  nowMs = 3_600_000;
  fences.hear(reset('h1'));
  expect(fences.result()).toEqual({ fences: 0, resets: 4, falseFences: ['h2', 'h1'] });
});

test('a host that is back in service has no excuse any more', () => {
  const fences = createFences(() => 0);
  fences.fallIll(['h1', 'h2']);
  fences.getWell(['h1']);
  for (const host of ['h1', 'h2']) fences.hear(joined(host));
  for (const host of ['h1', 'h2']) fences.hear(reset(host));
  expect(fences.result().falseFences).toEqual(['h1']);
});
