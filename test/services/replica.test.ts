/** Goal: a node that reads a long log still renews its lease. Method: a real clock, and entries that are all there at once. */
import { expect, test } from 'vitest';
import { createClock } from '../../adapters/clock/clock.ts';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet } from '../../machines/fleet.ts';
import { openReplica } from '../../services/controller/replica.ts';
import type { Journal, Log } from '../../services/ports.ts';

const ENTRIES = 100;
const ENTRY_MS = 2;

test('timers run while entries that have come together are folded', async () => {
  const hash = (seq: number) => (seq === 0 ? emptyFleet.hash : `hash ${seq}`);
  const log: Pick<Log, 'follow'> = {
    async *follow() {
      for (let seq = 1; seq <= ENTRIES; seq++)
        yield { seq, hash: hash(seq), entry: { prevhash: hash(seq - 1) } } as Stored;
    },
  };
  const journal = { head: () => ({ seq: 0, hash: '' }), add() {}, checkpoint: () => null, setCheckpoint() {} };
  const replica = await openReplica({
    log: log as Log,
    journal: journal as unknown as Journal,
    clock: createClock(),
    say: { info() {}, warn() {}, error() {} },
    step(fleet, { seq, hash }) {
      for (const began = performance.now(); performance.now() - began < ENTRY_MS; );
      return { ...fleet, seq, hash };
    },
  });
  let renewals = 0;
  const renewing = setInterval(() => renewals++, 1);
  await replica.caughtUp(ENTRIES, new AbortController().signal);
  clearInterval(renewing);
  replica.stop();
  expect(renewals).toBeGreaterThan(2);
});
