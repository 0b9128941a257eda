/** What every host has and holds, in arrays, so that a batch of placements stays fast. Made anew for each batch. */
import { type Fleet, type HostEntity, latestLife } from './fleet.ts';
import { isOnItsWay } from './off-duty.ts';
import type { GuestSpec } from './spec.ts';
import { get } from './table.ts';

export interface HostRoom {
  readonly name: string;
  readonly counter: number;
  readonly domain: string;
  readonly storage: ReadonlySet<string>;
  readonly memoryMiB: number;
  /** Thousandths: whole numbers add up and come back exactly. */
  readonly milliVcpus: number;
  /** Measured load, 0 for none; counts beside what is granted. */
  readonly load: number;
  /** Why nothing may be placed here; null when something may. */
  closed: string | null;
  usedMemoryMiB: number;
  usedMilliVcpus: number;
}

export interface Inventory {
  readonly hosts: readonly HostRoom[];
  readonly byName: ReadonlyMap<string, HostRoom>;
  /** Hosts that each guest may run on: one, or both ends of a migration. */
  readonly whereabouts: Map<string, readonly HostRoom[]>;
  /** For each guest all that share a host with it, itself included; then those it keeps away from, as either of the two says. */
  readonly together: ReadonlyMap<string, readonly string[]>;
  readonly apart: ReadonlyMap<string, readonly string[]>;
}

/** Troubles that would keep a guest from starting or writing. */
const CLOSING = ['libvirt', 'storage', 'disk'];

export function takeInventory(fleet: Fleet, loads: Readonly<Record<string, number>> = {}): Inventory {
  const specs = fleet.spec?.hosts ?? {};
  const hosts: HostRoom[] = [];
  for (const name of Object.keys(fleet.hosts).sort()) {
    const spec = get(specs, name);
    if (!spec) continue;
    const entity = fleet.hosts[name]!;
    hosts.push({
      name,
      counter: entity.context.incarnation?.counter ?? 0,
      domain: spec.domain ?? name,
      storage: new Set(spec.storage),
      memoryMiB: spec.capacity.memoryMiB,
      milliVcpus: milli(spec.capacity.vcpus),
      load: get(loads, name) ?? 0,
      closed: closed(entity),
      usedMemoryMiB: 0,
      usedMilliVcpus: 0,
    });
  }
  const byName = new Map(hosts.map((host) => [host.name, host]));
  const whereabouts = new Map<string, readonly HostRoom[]>();
  const guests = fleet.spec?.guests ?? {};
  for (const name of Object.keys(fleet.guests)) {
    const { grant, release, migratingTo } = fleet.guests[name]!.context;
    const at: HostRoom[] = [];
    for (const host of [release === null ? grant?.host : undefined, migratingTo?.host]) {
      const room = host === undefined ? undefined : byName.get(host);
      if (room) at.push(room);
    }
    if (at.length === 0) continue;
    whereabouts.set(name, at);
    const spec = get(guests, name);
    if (spec) for (const room of at) occupy(room, spec);
  }
  return { hosts, byName, whereabouts, together: groups(pairs(guests, 'together')), apart: pairs(guests, 'apart') };
}

export const milli = (vcpus: number): number => Math.round(vcpus * 1_000);

export function occupy(room: HostRoom, { resources }: GuestSpec): void {
  room.usedMemoryMiB += resources.memoryMiB;
  room.usedMilliVcpus += milli(resources.vcpus);
}

export function vacate(room: HostRoom, { resources }: GuestSpec): void {
  room.usedMemoryMiB -= resources.memoryMiB;
  room.usedMilliVcpus -= milli(resources.vcpus);
}

function closed(host: HostEntity): string | null {
  const { state, context } = host;
  if (state === 'spare') return 'a spare, off';
  if (isOnItsWay(host)) return 'a spare, on its way';
  if (context.fence !== null && state !== 'maintenance') return 'fenced';
  if (state !== 'running') return state === 'joining' ? 'never heard of' : state;
  if (latestLife(context) > (context.incarnation?.counter ?? -1)) return 'not registered in its new life';
  const trouble = CLOSING.find((what) => Object.hasOwn(context.degraded, what));
  return trouble === undefined ? null : `${trouble} in trouble: ${context.degraded[trouble]}`;
}

function pairs(
  guests: Readonly<Record<string, GuestSpec>>,
  relation: 'together' | 'apart',
): ReadonlyMap<string, readonly string[]> {
  const mates = new Map<string, string[]>();
  const add = (a: string, b: string) => {
    const known = mates.get(a);
    if (!known) mates.set(a, [b]);
    else if (!known.includes(b)) known.push(b);
  };
  for (const name of Object.keys(guests)) {
    for (const other of guests[name]![relation]) {
      if (other === name) continue;
      add(name, other);
      add(other, name);
    }
  }
  return mates;
}

/** Sharing a host passes on: who belongs with my mate belongs with me, even while that mate runs nowhere. */
function groups(mates: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, readonly string[]>();
  for (const name of mates.keys()) {
    if (all.has(name)) continue;
    // A set is walked through to what is added on the way.
    const group = new Set([name]);
    for (const member of group) for (const mate of mates.get(member) ?? []) group.add(mate);
    const members = [...group];
    for (const member of members) all.set(member, members);
  }
  return all;
}
