import { expect, test } from 'vitest';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { notePowerTrouble } from '../../services/controller/power-trouble.ts';
import { running, spec } from '../machines/given.ts';

test('trouble with the power of a host is written once for each change, and costs neither host nor guests anything', async () => {
  const log = running(spec(3, { g1: { prefers: 'h1' } }));
  const written: Draft[] = [];
  const pen = {
    async write(decide: (fleet: Fleet) => readonly Draft[]) {
      for (const draft of decide(log.fleet)) {
        written.push(draft);
        log.write(draft);
      }
      return null;
    },
  };
  let trouble: string | null | undefined;
  const note = notePowerTrouble(
    () => log.fleet,
    pen,
    (host) => (host === 'h1' ? trouble : undefined),
  );
  const { guests } = log.fleet;
  for (const next of [
    undefined,
    null,
    'dead, since 2026-01-01T00:00:00Z',
    'dead, since 2026-01-01T00:00:09Z',
    'lies',
  ]) {
    trouble = next;
    await note();
    await note();
  }
  expect(log.host('h1')).toMatchObject({ state: 'running', context: { degraded: { power: 'lies' } } });
  trouble = null;
  await note();
  expect(written.map(({ type, data }) => [type, data])).toEqual([
    ['host.degraded', { what: 'power', reason: 'dead, since 2026-01-01T00:00:00Z' }],
    ['host.degraded', { what: 'power', reason: 'lies' }],
    ['host.restored', { what: 'power' }],
  ]);
  expect(log.host('h1')).toMatchObject({ state: 'running', context: { degraded: {} } });
  expect(log.fleet.guests).toEqual(guests);
});

test('of a host that is proven stopped nothing is written: its BMC may be dead with it', async () => {
  const log = running(spec(3, {}));
  log.suspect('h3');
  log.prove('h3');
  let asked = false;
  const pen = {
    async write() {
      asked = true;
      return null;
    },
  };
  await notePowerTrouble(
    () => log.fleet,
    pen,
    (host) => (host === 'h3' ? 'dead' : null),
  )();
  expect(asked).toBe(false);
});
