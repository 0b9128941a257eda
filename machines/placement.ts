/**
 * Where guests go. Hard constraints first, each refusal with its reason; then the host that is preferred, then failure
 * domains without a guest to keep away from, then the least loaded. The same state and requests always give the same
 * places.
 */
import type { Fleet } from './fleet.ts';
import type { Intent } from './intents.ts';
import { type HostRoom, type Inventory, milli, occupy, takeInventory } from './inventory.ts';
import { list } from './sentences.ts';
import type { GuestSpec } from './spec.ts';
import { get } from './table.ts';

export type PlaceRequest = Extract<Intent, { type: 'place' }>;

export interface Placement {
  readonly guest: string;
  /** Null: no host can take it now. */
  readonly host: string | null;
  readonly why: string;
  /** Every host that a hard constraint excludes, with the first such constraint. */
  readonly refused: readonly { readonly host: string; readonly reason: string }[];
}

/**
 * Places a whole batch: higher priority first, then by name; each placement counts against the next.
 * `loads`: measured load per host, 0 idle to 1 busy; hosts may be missing.
 */
export function place(
  fleet: Fleet,
  requests: readonly PlaceRequest[],
  loads: Readonly<Record<string, number>> = {},
): Placement[] {
  return placeIn(takeInventory(fleet, loads), fleet.spec?.guests ?? {}, requests);
}

/** The same in an inventory at hand, which is charged with what is placed. */
export function placeIn(
  inventory: Inventory,
  specs: Readonly<Record<string, GuestSpec>>,
  requests: readonly PlaceRequest[],
): Placement[] {
  const priority = ({ guest }: PlaceRequest) => get(specs, guest)?.priority ?? 0;
  return [...requests]
    .sort((a, b) => priority(b) - priority(a) || (a.guest < b.guest ? -1 : 1))
    .map((request) => {
      const spec = get(specs, request.guest);
      if (!spec) {
        return { guest: request.guest, host: null, why: 'the cluster file no longer names it', refused: [] };
      }
      return placeOne(inventory, spec, request);
    });
}

interface Wishes {
  /** The only host in question; null for any. */
  readonly only: string | null;
  /** Where the guests are that it must share a host with. `moving`: there only if a migration under way succeeds. */
  readonly with: { readonly host: HostRoom; readonly guest: string; readonly moving: boolean } | null;
  /** Hosts and domains of the guests that it must keep away from. */
  readonly apartHosts: ReadonlyMap<string, string>;
  readonly apartDomains: ReadonlySet<string>;
}

const NOBODY: ReadonlyMap<string, string> = new Map();
const NOWHERE: ReadonlySet<string> = new Set();

function wishesOf({ whereabouts, together, apart }: Inventory, { guest, purpose, prefer }: PlaceRequest): Wishes {
  const apartHosts = new Map<string, string>();
  const apartDomains = new Set<string>();
  for (const other of apart.get(guest) ?? []) {
    for (const { name, domain } of whereabouts.get(other) ?? []) {
      apartHosts.set(name, other);
      apartDomains.add(domain);
    }
  }
  const mate = together.get(guest)?.find((other) => other !== guest && whereabouts.has(other));
  const ends = mate === undefined ? [] : whereabouts.get(mate)!;
  return {
    only: purpose === 'in-place' || purpose === 'migration' ? prefer : null,
    with: mate === undefined ? null : { host: ends.at(-1)!, guest: mate, moving: ends.length > 1 },
    apartHosts: apartHosts.size > 0 ? apartHosts : NOBODY,
    apartDomains: apartDomains.size > 0 ? apartDomains : NOWHERE,
  };
}

function placeOne(inventory: Inventory, spec: GuestSpec, request: PlaceRequest): Placement {
  const { guest } = request;
  const wishes = wishesOf(inventory, request);
  const refused: { host: string; reason: string }[] = [];
  const open: HostRoom[] = [];
  for (const host of inventory.hosts) {
    if (wishes.only !== null && host.name !== wishes.only) continue;
    const reason = refusal(host, spec, request, wishes);
    if (reason === null) open.push(host);
    else refused.push({ host: host.name, reason });
  }
  if (open.length === 0) return { guest, host: null, why: nowhere(wishes, refused), refused };
  const { host, why } = choose(open, spec, request, wishes);
  occupy(host, spec);
  // A migrating guest stays at its source, and counts there, until it has arrived.
  const stays = request.purpose === 'migration' ? (inventory.whereabouts.get(guest) ?? []) : [];
  inventory.whereabouts.set(guest, [...stays, host]);
  const excluded = refused.map((r) => `${r.host} excluded: ${r.reason}`);
  return { guest, host: host.name, why: excluded.length === 0 ? why : `${why}; ${list(excluded)}`, refused };
}

/** The first hard constraint that excludes the host, as a clause; null when none does. */
function refusal(host: HostRoom, spec: GuestSpec, request: PlaceRequest, wishes: Wishes): string | null {
  if (host.closed !== null) return host.closed;
  if (request.avoid.includes(host.name)) {
    return request.purpose === 'migration' && host.name === request.avoid[0]
      ? 'it runs there already'
      : 'it failed there lately';
  }
  if (spec.hosts.length > 0 && !spec.hosts.includes(host.name)) return 'not among its hosts';
  const unreachable = spec.storage.find((pool) => !host.storage.has(pool));
  if (unreachable !== undefined) return `cannot reach storage ${unreachable}`;
  // Who moves with it moves to the same place. Who is down waits for the end, which may be either.
  if (wishes.with?.moving && request.purpose !== 'migration')
    return `it belongs together with ${wishes.with.guest}, which is moving`;
  if (wishes.with !== null && wishes.with.host !== host) {
    return `it belongs together with ${wishes.with.guest} on ${wishes.with.host.name}`;
  }
  const foe = wishes.apartHosts.get(host.name);
  if (foe !== undefined) return `to be kept apart from ${foe}`;
  const { memoryMiB, vcpus } = spec.resources;
  const freeMemory = host.memoryMiB - host.usedMemoryMiB;
  if (memoryMiB > freeMemory) return `needs ${memoryMiB} MiB, ${freeMemory} MiB free`;
  const freeVcpus = host.milliVcpus - host.usedMilliVcpus;
  if (milli(vcpus) > freeVcpus) return `needs ${vcpus} vCPUs, ${freeVcpus / 1_000} free`;
  return null;
}

function choose(
  open: readonly HostRoom[],
  spec: GuestSpec,
  { prefer, purpose }: PlaceRequest,
  wishes: Wishes,
): { host: HostRoom; why: string } {
  if (wishes.only !== null) return { host: open[0]!, why: purpose === 'in-place' ? 'where it was' : 'as asked' };
  if (wishes.with !== null) return { host: open[0]!, why: `together with ${wishes.with.guest}` };
  const wish = [prefer, spec.prefers].find((name) => name != null && open.some((host) => host.name === name));
  if (wish != null) {
    return {
      host: open.find((host) => host.name === wish)!,
      why: wish === spec.prefers ? 'its preferred host' : 'where it ran last',
    };
  }
  const clear = open.filter((host) => !wishes.apartDomains.has(host.domain));
  const among = clear.length > 0 ? clear : open;
  let host = among[0]!;
  let least = loadWith(host, spec);
  for (const other of among) {
    const load = loadWith(other, spec);
    if (load < least) {
      host = other;
      least = load;
    }
  }
  const names = list(among.map(({ name }) => name));
  if (open.length === 1) return { host, why: 'the only host for it' };
  const where = clear.length > 0 && clear.length < open.length ? ' in other failure domains' : '';
  return { host, why: `least loaded of ${names}${where}` };
}

/** The fullest dimension of the host once it has the guest, 0 to 1 and above; measured load is one more dimension. */
function loadWith(host: HostRoom, { resources }: GuestSpec): number {
  const memory = (host.usedMemoryMiB + resources.memoryMiB) / host.memoryMiB;
  const cpu = (host.usedMilliVcpus + milli(resources.vcpus)) / host.milliVcpus;
  return Math.max(memory, cpu, host.load);
}

function nowhere({ only }: Wishes, refused: Placement['refused']): string {
  const reasons = list(refused.map((r) => `${r.host}: ${r.reason}`));
  if (only !== null)
    return refused.length === 0 ? `there is no host ${only}` : `only ${only} is in question; ${reasons}`;
  return refused.length === 0 ? 'there are no hosts' : `every host is excluded; ${reasons}`;
}
