/** What has happened since a story began: in the world, and in the log as everybody folds it. */
import type { Entry, Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { fold } from '../../machines/fold.ts';
import { rejection } from '../../machines/rejection.ts';
import { nameOf } from '../../machines/sentences.ts';
import type { WorldEvent } from '../simulation.ts';
import type { EntryPattern } from './ast.ts';
import type { World } from './world.ts';

export interface Happening {
  /** Virtual ms since the beginning of the story. */
  readonly atMs: number;
  readonly kind: 'start' | 'reset' | 'writer-lost';
  /** Guests and hosts that it is about. */
  readonly of: readonly string[];
}

export interface LoggedEntry {
  readonly atMs: number;
  readonly stored: Stored;
  /** Why it changes nothing; null when it has force. */
  readonly void: string | null;
}

export interface Chronicle {
  readonly sim: World;
  /** Virtual ms since the beginning of the story. */
  nowMs(): number;
  /** All that comes from now on belongs to the story. */
  begin(): void;
  fleet(): Fleet;
  happenings(): readonly Happening[];
  /** Since the beginning; an entry stored again after a loss is not counted twice. */
  logged(): readonly LoggedEntry[];
  /** Ms without an instance that could write, since the beginning. */
  downMs(guest: string): number;
  /** What contradicts the rule above all others. */
  splits(): readonly string[];
  /** Told of each entry that is new, in the moment in which it is stored. */
  onEntry(listener: (logged: LoggedEntry) => void): void;
  /** Called after time has passed: notes what no event tells. */
  look(): void;
}

export const matches = (pattern: EntryPattern, entry: Entry): boolean =>
  entry.type === pattern.type && (pattern.of === null || nameOf(entry.subject) === pattern.of);

export function createChronicle(sim: World): Chronicle {
  let beganMs = 0;
  let fleet = emptyFleet;
  let happenings: Happening[] = [];
  let logged: LoggedEntry[] = [];
  const known = new Set<string>();
  const splits: string[] = [];
  const listeners: ((logged: LoggedEntry) => void)[] = [];
  const writers = new Map<string, Set<string>>(Object.keys(sim.spec.guests).map((guest) => [guest, new Set()]));
  const downSince = new Map<string, number>();
  const downBefore = new Map<string, number>();
  const resets = new Map<string, number>();
  const nowMs = () => sim.now() - beganMs;

  const take = (stored: Stored) => {
    const inOrder = stored.seq === fleet.seq + 1 && stored.entry.prevhash === fleet.hash;
    const without = inOrder ? rejection(fleet, stored.entry) : null;
    fleet = inOrder ? fold(fleet, [stored]) : fold(emptyFleet, sim.entries());
    if (known.has(stored.hash)) return;
    known.add(stored.hash);
    const one = { atMs: nowMs(), stored, void: without };
    logged.push(one);
    for (const listener of listeners) listener(one);
  };

  const takeWriter = ({ guest, host, on }: Extract<WorldEvent, { kind: 'writer' }>) => {
    const now = writers.get(guest) ?? new Set();
    writers.set(guest, now);
    if (on) now.add(host);
    else if (now.delete(host)) happenings.push({ atMs: nowMs(), kind: 'writer-lost', of: [guest, host] });
    if (now.size > 1) splits.push(`at ${nowMs()} ms ${guest} could be written by ${[...now].join(' and ')} at once`);
    if (now.size > 0 && downSince.has(guest)) {
      downBefore.set(guest, (downBefore.get(guest) ?? 0) + sim.now() - downSince.get(guest)!);
      downSince.delete(guest);
    }
    if (now.size === 0 && !downSince.has(guest)) downSince.set(guest, sim.now());
  };

  sim.observe((event) => {
    if (event.kind === 'entry') take(event.stored);
    if (event.kind === 'writer') takeWriter(event);
    if (event.kind === 'started') happenings.push({ atMs: nowMs(), kind: 'start', of: [event.guest, event.host] });
  });

  return {
    sim,
    nowMs,
    begin() {
      beganMs = sim.now();
      happenings = [];
      logged = [];
      downBefore.clear();
      for (const guest of downSince.keys()) downSince.set(guest, beganMs);
    },
    fleet: () => fleet,
    happenings: () => happenings,
    logged: () => logged,
    downMs: (guest) => (downBefore.get(guest) ?? 0) + (downSince.has(guest) ? sim.now() - downSince.get(guest)! : 0),
    splits: () => splits,
    onEntry: (listener) => void listeners.push(listener),
    look() {
      for (const [name, node] of Object.entries(sim.nodes)) {
        const before = resets.get(name) ?? 0;
        for (let i = before; i < node.resets(); i++) happenings.push({ atMs: nowMs(), kind: 'reset', of: [name] });
        resets.set(name, node.resets());
      }
    },
  };
}
