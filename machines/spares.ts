/**
 * When a spare host is switched on: a guest that is wanted and may be started has room nowhere, and would have it there.
 * Decided anew on every state by the placement rule itself, as if the spare were there and empty (decision 21).
 */
import type { Draft } from './entries.ts';
import type { Fleet } from './fleet.ts';
import { type HostRoom, type Inventory, occupy, takeInventory, vacate } from './inventory.ts';
import { isOnItsWay } from './off-duty.ts';
import { type PlaceRequest, placeIn } from './placement.ts';
import { isVetoable } from './reinstall.ts';
import { startsHeld } from './runnable.ts';
import { get } from './table.ts';

/** Spares that may be called, by name: off, and about to be installed by nobody. */
function callable({ hosts, jobs }: Fleet): string[] {
  const isFree = (host: string) => {
    const job = get(jobs, host);
    return hosts[host]!.state === 'spare' && !(job && isVetoable(job));
  };
  return Object.keys(hosts).filter(isFree).sort();
}

/** Rooms that a loss would open: of spares that may be called or are on their way. */
export function spareRooms(fleet: Fleet, { hosts }: Inventory): HostRoom[] {
  const free = callable(fleet);
  return hosts.filter(({ name }) => free.includes(name) || isOnItsWay(fleet.hosts[name]!));
}

/** Guests that wait for a place and for nothing else: the last grant is released, and no storage was missed. */
function waiting({ guests }: Fleet): string[] {
  return Object.keys(guests).filter((name) => {
    const { state, context } = guests[name]!;
    const mayStart = context.grant === null || context.release !== null;
    return state === 'blocked' && context.desired === 'running' && mayStart && context.starved === 0;
  });
}

/**
 * What the leader writes now. Nothing while the cluster is frozen, the brake is on or a host owes its answer to the survey:
 * what is missed may be there after all.
 */
export function spareSteps(fleet: Fleet): Draft[] {
  const names = callable(fleet);
  if (names.length === 0 || fleet.frozen || fleet.brake || startsHeld(fleet).length > 0) return [];
  const guests = waiting(fleet);
  if (guests.length === 0) return [];
  const inventory = takeInventory(fleet);
  const specs = fleet.spec?.guests ?? {};
  const expected = settleIn(fleet, inventory, new Set(guests));
  const unexpected = guests.filter((guest) => !expected.has(guest));
  const requests = unexpected.map(
    (guest): PlaceRequest => ({ type: 'place', guest, purpose: 'relocation', avoid: [], prefer: null }),
  );
  let rooms = names.flatMap((name) => inventory.byName.get(name) ?? []);
  // Asked first, for it is cheap: many guests may wait for long that no spare could take.
  if (!mostTaken(inventory, specs, rooms, requests)) return [];
  const refusals = placeIn(inventory, specs, requests).filter(({ host }) => host === null);
  const why = new Map(refusals.map((one) => [one.guest, one.why]));
  let left = requests.filter(({ guest }) => why.has(guest));
  const steps: Draft[] = [];
  while (left.length > 0) {
    const best = mostTaken(inventory, specs, rooms, left);
    if (!best) break;
    const taken = place(inventory, specs, best, left);
    const [first] = taken;
    steps.push({
      type: 'spare.called',
      subject: `host/${best.name}`,
      cause: fleet.guests[first!]!.context.cause,
      data: { guests: taken, why: why.get(first!)!.slice(0, 1_000) },
    });
    left = left.filter(({ guest }) => !taken.includes(guest));
    rooms = rooms.filter((room) => room !== best);
  }
  return steps;
}

/** Spares on their way, as if they were there and held the guests that they were called for. Returns those. */
function settleIn(
  { spec, hosts }: Fleet,
  { hosts: rooms, whereabouts }: Inventory,
  among: ReadonlySet<string>,
): ReadonlySet<string> {
  const settled = new Set<string>();
  for (const room of rooms) {
    const entity = hosts[room.name]!;
    if (!isOnItsWay(entity)) continue;
    room.closed = null;
    for (const guest of entity.context.called ?? []) {
      const wants = spec && get(spec.guests, guest);
      if (!wants || !among.has(guest)) continue;
      occupy(room, wants);
      whereabouts.set(guest, [room]);
      settled.add(guest);
    }
  }
  return settled;
}

type Specs = Parameters<typeof placeIn>[1];

/** Guests that this one room takes, the most important first. The inventory is charged with them. */
function place(inventory: Inventory, specs: Specs, room: HostRoom, wanted: readonly PlaceRequest[]): string[] {
  room.closed = null;
  return placeIn({ ...inventory, hosts: [room] }, specs, wanted).flatMap(({ guest, host }) => (host ? [guest] : []));
}

/** The spare that takes most of them, so that few are switched on; the first by name among equals. Null: none helps. */
function mostTaken(
  inventory: Inventory,
  specs: Specs,
  rooms: readonly HostRoom[],
  wanted: readonly PlaceRequest[],
): HostRoom | null {
  let best: { room: HostRoom; takes: number } | null = null;
  for (const room of rooms) {
    const trial = { ...inventory, whereabouts: new Map(inventory.whereabouts) };
    const { closed } = room;
    const taken = place(trial, specs, room, wanted);
    for (const guest of taken) vacate(room, specs[guest]!);
    room.closed = closed;
    if (taken.length > (best?.takes ?? 0)) best = { room, takes: taken.length };
  }
  return best?.room ?? null;
}

/** For `rekindle why`: which spare is on its way for this guest. */
export function spareFor({ hosts, guests }: Fleet, guest: string): string | null {
  if (get(guests, guest)?.state !== 'blocked') return null;
  const host = Object.keys(hosts).find(
    (name) => isOnItsWay(hosts[name]!) && hosts[name]!.context.called?.includes(guest),
  );
  return host === undefined ? null : `pending: ${host}, a spare, is being switched on for it`;
}
