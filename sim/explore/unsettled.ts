/** Liveness: what is not as it should be once everything had time to come to rest, and has no reason that is stated. */

import type { Fleet, GuestEntity } from '../../machines/fleet.ts';
import { place } from '../../machines/placement.ts';
import { runnable } from '../../machines/runnable.ts';
import { spareSteps } from '../../machines/spares.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { FaultKind } from '../faults.ts';
import type { Simulation } from '../simulation.ts';

/** The longest wait that a ladder asks for. */
const LONGEST_WAIT_MS = 300_000;

/** Faults that a guest can fail by, for all that the engine does right. */
const HARD_ON_GUESTS: readonly FaultKind[] = [
  'kill-guest',
  'guest-panic',
  'guest-hang',
  'crash-loop',
  'starts',
  'stuck-guests',
  'storage-loss',
  'libvirt',
  'slow-disk',
];

/** `happened`: the kinds of faults of the run; what only some of them can excuse is not excused by the others. */
export function unsettled(spec: ClusterSpec, simulation: Simulation, happened: ReadonlySet<FaultKind>): string[] {
  return [...impossible(simulation, happened), ...stuck(spec, simulation, happened)];
}

/** What the engine says to have seen, and what cannot be without a lost end of the log. */
function impossible(simulation: Simulation, happened: ReadonlySet<FaultKind>): string[] {
  const duplicated = simulation.entries().filter(({ entry }) => entry.type === 'guest.duplicated');
  const forks = simulation.entries().filter(({ entry }) => entry.type === 'log.fork-detected');
  return [
    ...duplicated.map(({ entry }) => `${entry.id} says that ${entry.subject} is held twice`),
    ...(happened.has('log-rollback')
      ? []
      : forks.map(({ entry }) => `${entry.id} tells of a fork, and no entry was lost`)),
  ];
}

function stuck(spec: ClusterSpec, simulation: Simulation, happened: ReadonlySet<FaultKind>): string[] {
  const up = spec.voters.filter((voter) => simulation.nodes[voter]!.awake());
  // Without a majority nothing may move; that is the reason.
  if (up.length <= spec.voters.length / 2) return [];
  const leader = simulation.leader();
  const fleet = leader?.controller()?.fleet();
  if (!leader || !fleet) {
    const broken = Object.values(simulation.nodes).filter((node) => node.controller()?.broken() != null);
    return broken.length > 0 ? [] : ['nobody leads, though a majority of voters is up'];
  }
  // A log that lost its end is mended with the next entry; there may have been nothing to write since.
  if (simulation.entries().length > fleet.seq)
    return [`${leader.name} leads with ${fleet.seq} entries, and the log has ${simulation.entries().length}`];
  // A person has to look, and the log says why.
  if (fleet.frozen) return [];
  return [
    ...Object.keys(spec.hosts).flatMap((host) => hostTrouble(host, fleet, simulation)),
    ...spareSteps(fleet).map(({ subject }) => `${subject} is needed and was not called`),
    ...Object.keys(spec.guests).flatMap((guest) => guestTrouble(guest, fleet, simulation, happened)),
  ];
}

const isHeld = (fleet: Fleet, subject: string): boolean =>
  runnable(fleet).held.some(({ intent }) => intent.subject === subject);
const waits = (fleet: Fleet, subject: string): boolean =>
  Object.values(fleet.timers).some(
    (timer) => timer.subject === subject && timer.dueMs < fleet.nowMs + 2 * LONGEST_WAIT_MS,
  ) || isHeld(fleet, subject);

function hostTrouble(host: string, fleet: Fleet, simulation: Simulation): string[] {
  const node = simulation.nodes[host]!;
  const entity = fleet.hosts[host];
  if (!entity) return [`${host} is in the cluster file and not in the state`];
  const { state, context } = entity;
  const said = `${host} is ${state} (${context.why})`;
  if (node.awake()) {
    // It can speak for itself, so it must have come back by itself.
    if (state === 'running' || state === 'maintenance' || state === 'draining' || state === 'qualifying') return [];
    // Ordered, and never to be carried out: it would cost the voters their majority.
    if (state === 'fencing' && waits(fleet, `host/${host}`)) return [];
    return [`${said}, though it is up`];
  }
  switch (state) {
    case 'joining':
    case 'spare':
    case 'quarantined':
    case 'failed':
    case 'blocked':
      return [];
    case 'maintenance':
      // Whoever services it switches it on; the order that ends its maintenance may have met nobody who leads.
      return context.fence !== null ? [] : [`${said}, though it has no power`];
    case 'running':
    case 'draining':
      return [`${said}, though it has no power`];
    default:
      return waits(fleet, `host/${host}`) ? [] : [said];
  }
}

function guestTrouble(guest: string, fleet: Fleet, simulation: Simulation, happened: ReadonlySet<FaultKind>): string[] {
  const entity = fleet.guests[guest];
  if (!entity) return [`${guest} is in the cluster file and not in the state`];
  const { state, context } = entity;
  const writers = simulation.writers(guest);
  const there = Object.values(simulation.nodes).filter((node) => node.awake() && node.instances().has(guest));
  const said = `${guest} is ${state} (${context.why})`;
  if (context.desired === 'stopped') {
    if (there.length === 0 || hostInTrouble(entity, fleet)) return [];
    return [`${said} and not wanted, yet it is on ${there.map(({ name }) => name).join(', ')}`];
  }
  switch (state) {
    case 'running':
      return writers.length === 1 && writers[0] === context.grant?.host
        ? []
        : [`${said} on ${context.grant?.host}, yet it can write on ${writers.join(', ') || 'no host'}`];
    case 'failed':
      // Whatever it was that ended its installation: half a disk is for a person.
      if (context.rebuilt?.begun) return [];
      return HARD_ON_GUESTS.some((kind) => happened.has(kind)) ? [] : [`${said}, though no guest was harmed`];
    case 'frozen':
      return [];
    case 'blocked':
      if (context.grant && !context.release)
        return hostInTrouble(entity, fleet) ? [] : [`${said} on a host in service`];
      // A place is sought for it, once a host that owes its answer to the survey has given it.
      if (isHeld(fleet, `guest/${guest}`)) return [];
      return roomFor(guest, fleet) ? [`${said}, though ${roomFor(guest, fleet)} could take it`] : [];
    default:
      return hostInTrouble(entity, fleet) || waits(fleet, `guest/${guest}`) ? [] : [said];
  }
}

/** Its host is in a state of its own, which says why. */
function hostInTrouble({ context }: GuestEntity, fleet: Fleet): boolean {
  if (!context.grant || context.release) return false;
  const state = fleet.hosts[context.grant.host]?.state;
  return state !== 'running' && state !== 'draining' && state !== 'maintenance';
}

function roomFor(guest: string, fleet: Fleet): string | null {
  return place(fleet, [{ type: 'place', guest, purpose: 'relocation', avoid: [], prefer: null }])[0]?.host ?? null;
}
