import { expect, test } from 'vitest';
import { openReplica } from '../../services/controller/replica.ts';
import { createJournal } from '../../sim/memory.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { allRunning, threeHosts, world } from './world.ts';

test('a node whose disk is full says so, does not lead meanwhile, and misses nothing afterwards', async () => {
  const w = await world(threeHosts());
  await w.advance(20_000, () => allRunning(w));
  const entries = w.entries();
  const scheduler = createScheduler();
  const journal = createJournal();
  let full = true;
  const said: string[] = [];
  const replica = await openReplica({
    clock: scheduler.clock(),
    say: { info: (what) => said.push(what), warn: (what) => said.push(what), error: (what) => said.push(what) },
    journal: {
      ...journal,
      add(more) {
        if (full) throw new Error('no space left');
        journal.add(more);
      },
    },
    log: {
      append: async () => ({ kind: 'conflict' }),
      restore: async () => ({ kind: 'conflict' }),
      lastSeq: async () => entries.length,
      async *follow(seq) {
        yield* entries.slice(seq);
        await new Promise(() => {});
      },
    },
  });
  await scheduler.runUntil(5_000);
  expect(replica.broken()).toContain('no space left');
  expect(said).toEqual(['the journal cannot be written: this node does not lead until it can']);
  full = false;
  await scheduler.runUntil(10_000);
  expect(replica.broken()).toBeNull();
  expect(replica.head().seq).toBe(entries.length);
});
