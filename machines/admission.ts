/** Headroom: could the cluster lose any one host, or any one failure domain, and still run every guest? */
import type { Fleet } from './fleet.ts';
import { type HostRoom, type Inventory, takeInventory, vacate } from './inventory.ts';
import { type PlaceRequest, placeIn } from './placement.ts';
import { list } from './sentences.ts';
import { spareRooms } from './spares.ts';
import type { GuestSpec } from './spec.ts';
import { get } from './table.ts';

export interface Headroom {
  readonly survivable: boolean;
  /** What holds, or the first loss that could not be borne. */
  readonly why: string;
}

export function headroom(fleet: Fleet): Headroom {
  const forecast = headroomInParts(fleet);
  for (;;) {
    const part = forecast.next();
    if (part.done) return part.value;
  }
}

/** Losses looked at in one part: of 1,000 hosts with 20 guests each they take some 20 ms. */
const LOSSES_IN_A_PART = 16;

/** The same with a rest now and then, for whoever has a lease to renew meanwhile. The state may be an old one by its end. */
export function* headroomInParts(fleet: Fleet): Generator<void, Headroom> {
  const inventory = takeInventory(fleet);
  const losses = lossesOf(inventory);
  if (losses.length === 0) return { survivable: false, why: 'no host is in service' };
  const residents = residentsOf(fleet, inventory);
  const specs = fleet.spec?.guests ?? {};
  const spares = spareRooms(fleet, inventory);
  const needed = new Set<string>();
  for (const [index, { name, hosts, domain }] of losses.entries()) {
    if (index > 0 && index % LOSSES_IN_A_PART === 0) yield;
    const left = spares.filter((spare) => spare.domain !== domain);
    const { homeless, onSpares } = homelessAfter(hosts, residents, inventory, specs, left);
    if (homeless.length > 0) {
      return { survivable: false, why: `losing ${name} would leave no room for ${list(homeless)}` };
    }
    for (const spare of onSpares) needed.add(spare);
  }
  const then = needed.size > 0 ? `, with ${list([...needed].sort())} switched on` : '';
  const why = `any one host or failure domain can be lost and every guest has room elsewhere${then}`;
  return { survivable: true, why };
}

/** Why one more guest should not be taken in: it would end the headroom there is. Null: it may. */
export function admissionRefusal(fleet: Fleet, guest: string, host: string): string | null {
  const entity = get(fleet.guests, guest);
  const counter = get(fleet.hosts, host)?.context.incarnation?.counter;
  if (!entity || counter === undefined || !headroom(fleet).survivable) return null;
  const context = {
    ...entity.context,
    grant: { host, counter, token: '0.0' },
    release: null,
    desired: 'running' as const,
  };
  const after = headroom({ ...fleet, guests: { ...fleet.guests, [guest]: { state: 'running', context } } });
  return after.survivable ? null : `with ${guest} on ${host}, ${after.why}`;
}

interface Loss {
  readonly name: string;
  readonly hosts: readonly HostRoom[];
  /** The failure domain that is lost, spares and all; null for a single host. */
  readonly domain: string | null;
}

/** Everything that fails as one: each host in service, and each failure domain of several. */
function lossesOf({ hosts }: Inventory): Loss[] {
  const inService = hosts.filter(({ closed }) => closed === null);
  const domains = new Map<string, HostRoom[]>();
  for (const host of inService) domains.set(host.domain, [...(domains.get(host.domain) ?? []), host]);
  const shared = [...domains].filter(([, members]) => members.length > 1);
  return [
    ...inService.map((host) => ({ name: host.name, hosts: [host], domain: null })),
    ...shared.map(([domain, members]) => ({ name: `failure domain ${domain}`, hosts: members, domain })),
  ];
}

/** Guests to be kept running, by the host that has them. */
function residentsOf(fleet: Fleet, { whereabouts }: Inventory): ReadonlyMap<HostRoom, readonly string[]> {
  const residents = new Map<HostRoom, string[]>();
  for (const [guest, rooms] of whereabouts) {
    if (fleet.guests[guest]?.context.desired !== 'running') continue;
    for (const room of rooms) {
      const known = residents.get(room);
      if (known) known.push(guest);
      else residents.set(room, [guest]);
    }
  }
  return residents;
}

/** Guests that find no room when these hosts are gone, and spares that others need. The inventory is lent: it is given back as it was. */
function homelessAfter(
  lost: readonly HostRoom[],
  residents: ReadonlyMap<HostRoom, readonly string[]>,
  inventory: Inventory,
  specs: Readonly<Record<string, GuestSpec>>,
  spares: readonly HostRoom[],
): { homeless: string[]; onSpares: readonly string[] } {
  const { whereabouts } = inventory;
  const before = new Map<string, readonly HostRoom[]>();
  for (const room of lost) {
    for (const guest of residents.get(room) ?? []) {
      const rooms = whereabouts.get(guest)!;
      before.set(guest, rooms);
    }
    room.closed = 'lost';
  }
  const homeless: string[] = [];
  for (const [guest, rooms] of before) {
    // One that is moving has its other end.
    const left = rooms.filter((end) => !lost.includes(end));
    if (left.length > 0) whereabouts.set(guest, left);
    else {
      whereabouts.delete(guest);
      homeless.push(guest);
    }
  }
  const requests = homeless.map(
    (guest): PlaceRequest => ({ type: 'place', guest, purpose: 'relocation', avoid: [], prefer: null }),
  );
  const inService = placeIn(inventory, specs, requests);
  const unplaced = new Set(inService.flatMap(({ guest, host }) => (host === null ? [guest] : [])));
  const closed = spares.map((spare) => spare.closed);
  for (const spare of spares) spare.closed = null;
  const later = placeIn(
    { ...inventory, hosts: spares },
    specs,
    requests.filter(({ guest }) => unplaced.has(guest)),
  );
  spares.forEach((spare, i) => {
    spare.closed = closed[i]!;
  });
  const placements = [...inService.filter(({ host }) => host !== null), ...later];
  for (const { guest, host } of placements) {
    const spec = get(specs, guest);
    if (host !== null && spec) vacate(inventory.byName.get(host)!, spec);
  }
  for (const [guest, rooms] of before) whereabouts.set(guest, rooms);
  for (const room of lost) room.closed = null;
  return {
    homeless: placements.filter(({ host }) => host === null).map(({ guest }) => guest),
    onSpares: later.flatMap(({ host }) => host ?? []),
  };
}
