/** What a reinstallation would do, for a person to read before they order it. Nothing is done by asking. */
import { setImmediate } from 'node:timers/promises';
import type { Stored } from '../machines/entries.ts';
import { type Fleet, latestLife } from '../machines/fleet.ts';
import type { Mode } from '../machines/machine-facts.ts';
import { cannotReinstall, imageFor, notReinstallable, reinstallHeld } from '../machines/reinstall.ts';
import { type Installation, lastInstallation } from '../machines/reinstall-history.ts';
import { planDigest, reinstallPlan } from '../machines/reinstall-plan.ts';
import type { ControllerView } from './api-view.ts';
import { fail } from './errors.ts';

/** How far back an earlier installation is sought, and how much is read at once. */
const MOST_ENTRIES = 20_000;
const BATCH = 1_000;

export interface Proposal {
  readonly host: string;
  readonly mode: Mode;
  /** What is confirmed, and its digest. */
  readonly lines: readonly string[];
  readonly plan: string;
  /** Why the leader would refuse it now; null when it would not. */
  readonly refused: string | null;
  /** It lives, and is proven stopped before anything else is done. */
  readonly stopsFirst: boolean;
  /** What it would wait for, once ordered; null when it would begin. */
  readonly held: string | null;
  /** Time for a veto. */
  readonly announceMs: number;
  /** The last one that was completed. */
  readonly before: Installation | null;
}

/** `subject`: a host, or one of its MACs. Throws UNKNOWN_SUBJECT, UNKNOWN_MACHINE, NO_MACHINE, NO_PROVISIONING, NO_IMAGE. */
export async function proposalOf(
  view: Pick<ControllerView, 'fleet' | 'entries'>,
  subject: string,
  mode: Mode,
): Promise<Proposal> {
  const fleet = view.fleet();
  const host = hostOf(fleet, subject);
  mustBePossible(fleet, host);
  const lines = reinstallPlan(fleet, host, mode);
  const life = latestLife(fleet.hosts[host]!.context);
  const fenced = fleet.hosts[host]!.context.fence;
  return {
    host,
    mode,
    lines,
    plan: planDigest(lines),
    refused: notReinstallable(fleet, host),
    stopsFirst: life >= 0 && (fenced === null || fenced.counter < life),
    held: reinstallHeld(asIfStopped(fleet, host), host),
    announceMs: fleet.spec!.provisioning!.announceMs,
    before: lastInstallation(host, await installations(view)),
  };
}

function hostOf(fleet: Fleet, subject: string): string {
  if (!subject.includes(':')) {
    if (fleet.hosts[subject]) return subject;
    const known = Object.keys(fleet.hosts).join(', ') || 'nothing yet: the cluster file is not in the log';
    return fail('UNKNOWN_SUBJECT', { subject: `host/${subject}`, known });
  }
  const mac = subject.toLowerCase();
  const host = Object.entries(fleet.spec?.hosts ?? {}).find(([, { machine }]) => machine?.macs.includes(mac))?.[0];
  return host ?? fail('UNKNOWN_MACHINE', { mac });
}

function mustBePossible(fleet: Fleet, host: string): void {
  if (!fleet.spec?.hosts[host]?.machine) fail('NO_MACHINE', { host });
  if (!fleet.spec.provisioning) fail('NO_PROVISIONING', { host });
  if (imageFor(fleet, host) === null) fail('NO_IMAGE', { reason: cannotReinstall(fleet, host) ?? '' });
}

/** What else would be in the way, once a person has ordered it: that it is proven stopped is part of the work. */
function asIfStopped(fleet: Fleet, host: string): Fleet {
  const entity = fleet.hosts[host]!;
  const context = { ...entity.context, incarnation: null, leased: -1, ordered: true };
  return { ...fleet, hosts: { ...fleet.hosts, [host]: { ...entity, context } } };
}

async function installations({ fleet, entries }: Pick<ControllerView, 'fleet' | 'entries'>): Promise<Stored[]> {
  const found: Stored[] = [];
  const { seq } = fleet();
  for (let from = Math.max(1, seq - MOST_ENTRIES + 1); from <= seq; from += BATCH) {
    const batch = entries(from, Math.min(seq, from + BATCH - 1));
    found.push(...batch.filter(({ entry }) => entry.type.startsWith('reinstall.')));
    await setImmediate();
  }
  return found;
}
