/** Answers to "why is it so" and "why not there", from the entries at hand. */
import { setImmediate } from 'node:timers/promises';
import type { Stored } from '../machines/entries.ts';
import { explain, explainNot } from '../machines/explain.ts';
import type { ControllerView } from './api-view.ts';
import { fail } from './errors.ts';

/** How far back a cause is sought, and how much is read at once. */
const MOST_ENTRIES = 20_000;
const BATCH = 1_000;
const MOST_NAMED = 20;

export interface Why {
  readonly subject: string;
  readonly not: string | null;
  /** Sentences, the present first, down to the evidence. */
  readonly lines: readonly string[];
}

/** `subject`: `host/NAME`, `guest/NAME` or `cluster`. Throws UNKNOWN_SUBJECT. */
export async function whyOf(
  view: Pick<ControllerView, 'fleet' | 'entries'>,
  subject: string,
  not: string | undefined,
): Promise<Why> {
  const fleet = view.fleet();
  const hosts = Object.keys(fleet.hosts).map((name) => `host/${name}`);
  const guests = Object.keys(fleet.guests).map((name) => `guest/${name}`);
  mustBe(subject, not === undefined ? ['cluster', ...hosts, ...guests] : guests);
  if (not !== undefined) mustBe(`host/${not}`, hosts);

  const entries: Stored[] = [];
  for (let from = Math.max(1, fleet.seq - MOST_ENTRIES + 1); from <= fleet.seq; from += BATCH) {
    entries.push(...view.entries(from, Math.min(fleet.seq, from + BATCH - 1)));
    await setImmediate();
  }
  const lines = not === undefined ? explain(subject, entries, fleet) : explainNot(subject, not, entries, fleet);
  return { subject, not: not ?? null, lines };
}

function mustBe(subject: string, known: readonly string[]): void {
  if (known.includes(subject)) return;
  const shown = known.slice(0, MOST_NAMED).join(', ') || 'nothing yet: the cluster file is not in the log';
  fail('UNKNOWN_SUBJECT', { subject, known: known.length > MOST_NAMED ? `${shown}, …` : shown });
}
