/** Plays the script of a log to a simulated cluster: the same services decide, under this spec or another. */
import { createHash } from 'node:crypto';
import { latestLife } from '../../machines/fleet.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { confirmOffText } from '../../services/protocol.ts';
import { createSimulation } from '../create.ts';
import { WALL_START_MS } from '../scheduler.ts';
import type { Simulation } from '../simulation.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Happening, Script } from './script.ts';

export interface Rehearsal {
  readonly outcome: Outcome;
  /** What went otherwise than the script wanted. */
  readonly notes: readonly string[];
}

/** Virtual times. */
const READY_WITHIN_MS = 180_000;
const SETTLED_MS = 2_000;
const ELECTED_WITHIN_MS = 20_000;
const REST_WITHIN_MS = 600_000;
const REST_STEP_MS = 1_000;
/** Longer quiet than every budget and wait of the ladders lasts changes nothing any more, and is cut to this. */
const BEYOND_LADDERS_MS = 60_000;

/** `share`: in [0, 1), where in its spread each fault falls. */
export async function rehearse(script: Script, spec: ClusterSpec, seed: number, share: number): Promise<Rehearsal> {
  const simulation = await createSimulation(spec, { seed, model: script.durations.model });
  try {
    return await play(simulation, script, spec, share);
  } finally {
    await simulation.stop();
  }
}

async function play(simulation: Simulation, script: Script, spec: ClusterSpec, share: number): Promise<Rehearsal> {
  const notes: string[] = [];
  const first = script.happenings.filter(({ atMs }) => atMs <= script.ready.atMs);
  const later = script.happenings.filter(({ atMs }) => atMs > script.ready.atMs);
  // What was so from the beginning, such as a host that is not there yet.
  for (const { fault } of first) act(simulation, fault);
  await getReady(simulation, script, notes);

  const beginMs = simulation.now();
  const quietMs = longestMemoryMs([script.spec, spec]);
  const timeline = later.map((happening) => ({ happening, atMs: happening.atMs + share * happening.spreadMs }));
  timeline.sort((a, b) => a.atMs - b.atMs);
  /** Log time to virtual time. */
  const placed = new Map<Happening, number>();
  let [logMs, virtualMs] = [script.ready.atMs, beginMs];
  for (const { happening, atMs } of timeline) {
    virtualMs += Math.min(quietMs, Math.max(0, atMs - logMs));
    logMs = atMs;
    placed.set(happening, virtualMs);
  }
  const moments = script.incidents
    .filter(({ atMs }) => atMs > script.ready.atMs)
    .map((incident) => {
      const atMs = incident.atMs + share * incident.spreadMs;
      const anchor = timeline.findLast((item) => item.atMs <= atMs + 1e-6) ?? timeline[0]!;
      return {
        subject: incident.subject,
        atMs: WALL_START_MS + placed.get(anchor.happening)! + Math.max(0, atMs - anchor.atMs),
      };
    });

  for (const { happening } of timeline) {
    await simulation.advance(placed.get(happening)! - simulation.now());
    act(simulation, happening.fault, (answer) => {
      if (answer !== 'accepted') notes.push(`refused here: ${happening.what} (${answer})`);
    });
  }
  const endedMs = Math.max(
    simulation.now() + Math.min(quietMs, Math.max(0, script.endMs - logMs)),
    ...timeline.map(
      ({ happening }) => placed.get(happening)! + ('forMs' in happening.fault ? (happening.fault.forMs ?? 0) : 0),
    ),
  );
  // The slowest way to notice that something is wrong takes no longer than two leases.
  await simulation.advance(endedMs - simulation.now() + 2 * spec.times.leaseMs + SETTLED_MS);
  const restByMs = simulation.now() + REST_WITHIN_MS;
  while (!atRest(simulation) && simulation.now() < restByMs) await simulation.advance(REST_STEP_MS);
  if (!atRest(simulation)) notes.push('it had not come to rest ten minutes after the end of the log');
  const endMs = WALL_START_MS + simulation.now();
  return {
    outcome: outcomeOf(simulation.entries(), moments, WALL_START_MS + beginMs, endMs),
    notes,
  };
}

/** Until the guests run that ran when the first thing happened, and the same node leads. */
async function getReady(simulation: Simulation, { ready }: Script, notes: string[]): Promise<void> {
  const running = () => ready.guests.every((guest) => simulation.writers(guest).length === 1);
  await simulation.advance(READY_WITHIN_MS, running);
  if (!running()) {
    const missing = ready.guests.filter((guest) => simulation.writers(guest).length !== 1);
    notes.push(`did not run at the beginning, though they did: ${missing.join(', ')}`);
  }
  await simulation.advance(SETTLED_MS);
  if (ready.leader === null) return;
  const leads = () => simulation.leader()?.name;
  for (let tries = 2 * Object.keys(simulation.nodes).length; tries > 0 && leads() !== ready.leader; tries--) {
    const before = leads();
    void simulation.order({ kind: 'step-down', by: 'replay' });
    await simulation.advance(ELECTED_WITHIN_MS, () => leads() !== undefined && leads() !== before);
    // Its survey ends before the next thing happens.
    await simulation.advance(SETTLED_MS);
  }
  if (leads() !== ready.leader) notes.push(`${leads() ?? 'nobody'} led at the beginning, not ${ready.leader}`);
}

function act(simulation: Simulation, fault: Happening['fault'], told: (answer: string) => void = () => {}): void {
  if (fault.kind !== 'order') {
    simulation.inject(fault);
    return;
  }
  let { order } = fault;
  if (order.kind === 'confirm-off') {
    // Given for the life that is meant here, and signed as the simulated keys sign.
    const fleet = simulation.leader()?.controller()?.fleet();
    const known = fleet?.hosts[order.host]?.context;
    const counter = known ? latestLife(known) : order.counter;
    order = { ...order, counter };
    const text = `${order.key} ${confirmOffText(order)}`;
    order = { ...order, signature: createHash('sha256').update(text).digest('hex') };
  }
  void simulation.order(order).then(told);
}

/** Nothing is being done or waited for that will come by itself. */
function atRest(simulation: Simulation): boolean {
  const fleet = simulation.leader()?.controller()?.fleet();
  if (!fleet || Object.keys(fleet.intents).length > 0) return false;
  const busyHost = /^(suspect|fencing|fenced|restarting|rejoining)$/;
  const busyGuest = /^(suspect|stopping|restarting|relocating|migrating)$/;
  return (
    Object.values(fleet.hosts).every(({ state }) => !busyHost.test(state)) &&
    Object.values(fleet.guests).every(({ state }) => !busyGuest.test(state))
  );
}

/** No ladder remembers a try for longer. */
function longestMemoryMs(specs: readonly ClusterSpec[]): number {
  const windows = specs.flatMap(({ hostLadder, guests }) => [
    hostLadder.repair.withinMs,
    hostLadder.powerCycle.withinMs,
    hostLadder.rejoinWithinMs,
    ...Object.values(guests).flatMap(({ ladder }) => [ladder.inPlace.withinMs, ladder.relocate.withinMs]),
  ]);
  return Math.max(...windows) + BEYOND_LADDERS_MS;
}
