/** How fast the log becomes state. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../adapters/sqlite/journal.ts';
import type { Stored } from '../machines/entries.ts';
import { emptyFleet, type Fleet } from '../machines/fleet.ts';
import { apply, fold } from '../machines/fold.ts';
import { type Figure, type Measurement, median, timed } from './figures.ts';
import { type PlainFleet, plainFold } from './plain-fold.ts';
import { fleetSpec, storyOf } from './story.ts';

const HOSTS = 32;
const GUESTS = 320;
const ENTRIES = 10_000;
const ROUNDS = 5;
/** As a controller reads its journal when it starts. */
const CHUNK = 1_000;

export const folding: Measurement = {
  name: 'fold',
  run: async () => measure(storyOf(fleetSpec(HOSTS, GUESTS), ENTRIES)),
};

function measure(entries: readonly Stored[]): Figure[] {
  mustAgree(fold(emptyFleet, entries), plainFold(entries));
  const rate = (work: () => unknown, times = 1) => {
    const again = () => {
      for (let i = 0; i < times; i++) work();
    };
    return median(Array.from({ length: ROUNDS }, () => ((times * entries.length) / timed(again)) * 1_000));
  };
  // It is so fast that the clock's grain and the compiler's warming up would be most of one run.
  const plain = rate(() => plainFold(entries), 50);
  const bulk = rate(() => fold(emptyFleet, entries));
  const single = rate(() => entries.reduce(apply, emptyFleet));
  const replayed = replayRate(entries);

  const what = `${entries.length} entries of ${HOSTS} hosts and ${GUESTS} guests, median of ${ROUNDS}`;
  return [
    {
      name: 'folded in bulk',
      value: bulk,
      unit: '/s',
      target: { atLeast: 150_000 },
      about: `machines/fold.ts fold(), ${what}`,
    },
    {
      name: 'folded one at a time',
      value: single,
      unit: '/s',
      target: null,
      about: `apply(), each state kept whole, as a controller follows the log; ${what}`,
    },
    {
      name: 'hand-written fold',
      value: plain,
      unit: '/s',
      target: null,
      about: `bench/plain-fold.ts: the same whereabouts from the same entries, and nothing else; ${what}`,
    },
    {
      name: 'hand-written against bulk',
      value: plain / bulk,
      unit: 'x',
      target: null,
      about: 'what guards, intents, timers, budgets, reasons and the machines as tables cost',
    },
    {
      name: 'replayed from the journal',
      value: replayed,
      unit: '/s',
      target: null,
      about: `read from SQLite, hashes and chain checked, parsed by schema, folded; ${what}`,
    },
  ];
}

function replayRate(entries: readonly Stored[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-bench-'));
  const journal = openJournal(join(directory, 'journal.sqlite'));
  try {
    for (let at = 0; at < entries.length; at += CHUNK) journal.add(entries.slice(at, at + CHUNK));
    const replay = () => {
      let fleet: Fleet = emptyFleet;
      while (fleet.seq < entries.length) fleet = fold(fleet, journal.read(fleet.seq + 1, fleet.seq + CHUNK));
    };
    return median(Array.from({ length: ROUNDS }, () => (entries.length / timed(replay)) * 1_000));
  } finally {
    journal.close();
    rmSync(directory, { recursive: true });
  }
}

/** A comparison counts only between two that give the same answer. */
function mustAgree(fleet: Fleet, plain: PlainFleet): void {
  const wrong = [
    ...Object.entries(fleet.hosts).filter(([name, { state }]) => plain.hosts.get(name)?.state !== state),
    ...Object.entries(fleet.guests).filter(([name, { state, context }]) => {
      const other = plain.guests.get(name);
      return other?.state !== state || other.host !== context.grant?.host || other.token !== context.grant.token;
    }),
  ].map(([name]) => name);
  if (wrong.length > 0) throw new Error(`the two folds differ in ${wrong.slice(0, 5).join(', ')}`);
}
