import { expect, test } from 'vitest';
import { createScheduler } from '../../sim/scheduler.ts';

test('a chain of promises, however long, runs out before time moves on', async () => {
  const scheduler = createScheduler();
  const seen: number[] = [];
  scheduler.at(1, () => {
    void (async () => {
      for (let turns = 0; turns < 5_000; turns++) await null;
      seen.push(scheduler.now());
      scheduler.at(1, () => seen.push(scheduler.now()));
    })();
  });
  scheduler.at(2, () => seen.push(scheduler.now()));
  await scheduler.runUntil(3);
  expect(seen).toEqual([1, 1, 2]);
});

test('events of one instant come in the order in which they were asked for, and what was cancelled does not come', async () => {
  const scheduler = createScheduler();
  const expected: number[] = [];
  const came: number[] = [];
  const cancels = new Map<number, () => void>();
  for (let n = 0; n < 500; n++)
    cancels.set(
      n,
      scheduler.at((n * 7_919) % 13, () => came.push(n)),
    );
  for (let n = 0; n < 500; n += 3) cancels.get(n)!();
  for (let ms = 0; ms < 13; ms++)
    for (let n = 0; n < 500; n++) if (n % 3 !== 0 && (n * 7_919) % 13 === ms) expected.push(n);
  await scheduler.runUntil(20);
  expect(came).toEqual(expected);
});

test('the program around a long simulation has its turn meanwhile, and an event that throws ends the run', async () => {
  const scheduler = createScheduler();
  const abort = new AbortController();
  setImmediate(() => abort.abort());
  const again = () => {
    if (scheduler.now() > 1e6) throw new Error('nobody else had a turn');
    scheduler.at(scheduler.now() + 1, again);
  };
  again();
  await scheduler.runUntil(1e7, () => abort.signal.aborted);
  expect(abort.signal.aborted).toBe(true);
  scheduler.at(0, () => {
    throw new Error('broken');
  });
  await expect(scheduler.runUntil(1e7)).rejects.toThrow('broken');
});
