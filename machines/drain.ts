/**
 * A host that is to be emptied: which of its guests go next, and what keeps the others. Decided anew on every state, so a
 * new leader goes on where the last one was, and room that appears is used at once.
 */
import { pendingId } from './draft.ts';
import type { Draft } from './entries.ts';
import type { Fleet, HostContext } from './fleet.ts';
import { ASKS } from './host-parts.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { placeIn } from './placement.ts';
import { guestsOn } from './routing.ts';
import { startsHeld } from './runnable.ts';
import { get } from './table.ts';

/** Guests that leave one host at the same time: their memory goes over the same cable. */
export const AT_ONCE = 2;

/** Why a guest stays on a host that is to be emptied, and what a person can do. */
export const KEEPS = {
  NO_PLACE: 'make room for it elsewhere, and it moves by itself; or: rekindle stop GUEST',
  TOGETHER:
    'they would be apart on the way: stop each of them, then start them again, and they start together elsewhere',
  MOVE_FAILED:
    'when the cause is gone: rekindle maintenance HOST, which tries again; or: rekindle migrate GUEST --to HOST',
  IN_TROUBLE: 'rekindle why guest/GUEST says what it needs',
} as const;
export type KeepCode = keyof typeof KEEPS;

/** A guest of the host, on its way or not. */
export type Leaving =
  | { readonly guest: string; readonly is: 'moving' }
  /** A host has room for it now. `avoid`: targets that it did not reach. */
  | { readonly guest: string; readonly is: 'next'; readonly avoid: readonly string[] }
  /** It is recovered first, or tried again after a pause. */
  | { readonly guest: string; readonly is: 'waits'; readonly reason: string }
  | { readonly guest: string; readonly is: 'stays'; readonly code: KeepCode; readonly reason: string };

const isEmptied = (fleet: Fleet, host: string): HostContext['drain'] => {
  const entity = get(fleet.hosts, host);
  return entity?.state === 'draining' ? entity.context.drain : undefined;
};

/** All guests of a host that is being emptied, in the order in which they go; none of any other host. `lent` is charged with them. */
export function leaving(fleet: Fleet, host: string, lent?: Inventory): Leaving[] {
  const drain = isEmptied(fleet, host);
  if (!drain) return [];
  const inventory = lent ?? takeInventory(fleet);
  const specs = fleet.spec?.guests ?? {};
  const paused = Object.hasOwn(fleet.timers, `host/${host}/drain`);
  const priority = (guest: string) => get(specs, guest)?.priority ?? 0;
  const look = (guest: string): Leaving => {
    const { state, context } = fleet.guests[guest]!;
    const stays = (code: KeepCode, reason: string): Leaving => ({ guest, is: 'stays', code, reason });
    if (state === 'migrating' || (state === 'running' && pendingId(fleet, `guest/${guest}`, 'place')))
      return { guest, is: 'moving' };
    if (state === 'blocked' || state === 'frozen' || (state === 'running' && context.observed === 'paused'))
      return stays('IN_TROUBLE', `it is ${state === 'running' ? 'paused' : state}: ${context.why}`);
    // Only what certainly runs, and is wanted running, is moved.
    if (state !== 'running' || context.observed !== 'running')
      return { guest, is: 'waits', reason: `it is ${state}: ${context.why}` };
    const mates = (inventory.together.get(guest) ?? []).filter(
      (mate) => mate !== guest && inventory.whereabouts.get(mate)?.every(({ name }) => name === host),
    );
    if (mates.length > 0) return stays('TOGETHER', `it belongs together with ${mates.join(', ')}, which runs here too`);
    const { asked, failed } = get(drain.tries, guest) ?? { asked: 0, failed: [] };
    if (asked >= ASKS) return stays('MOVE_FAILED', context.why);
    if (asked > 0 && paused) return { guest, is: 'waits', reason: `tried again after a pause: ${context.why}` };
    const to = (avoid: readonly string[]) =>
      placeIn(inventory, specs, [
        { type: 'place', guest, purpose: 'migration', avoid: [host, ...avoid], prefer: null },
      ])[0]!;
    const chosen = to(failed);
    if (chosen.host !== null) return { guest, is: 'next', avoid: failed };
    // Where it failed before is better than nowhere.
    const again = failed.length > 0 ? to([]) : chosen;
    return again.host !== null ? { guest, is: 'next', avoid: [] } : stays('NO_PLACE', again.why);
  };
  return guestsOn(fleet, host)
    .sort((a, b) => priority(b) - priority(a) || (a < b ? -1 : 1))
    .map(look);
}

/**
 * What the leader writes now for the hosts that are being emptied: guests asked to leave, and once nothing moves any more,
 * what keeps the rest. Nothing while the cluster is frozen or the brake is on: what is in doubt is not made more so.
 */
export function drainSteps(fleet: Fleet): Draft[] {
  const hosts = Object.keys(fleet.hosts).filter((host) => isEmptied(fleet, host));
  if (hosts.length === 0 || fleet.frozen || fleet.brake || startsHeld(fleet).length > 0) return [];
  const inventory = takeInventory(fleet);
  return hosts.sort().flatMap((host) => stepsFor(fleet, host, inventory));
}

function stepsFor(fleet: Fleet, host: string, inventory: Inventory): Draft[] {
  const { entry: cause, by, keeps: known } = isEmptied(fleet, host)!;
  const all = leaving(fleet, host, inventory);
  const moving = all.filter(({ is }) => is === 'moving').length;
  const next = all.filter((one) => one.is === 'next').slice(0, Math.max(0, AT_ONCE - moving));
  if (next.length > 0)
    return next.map(({ guest, avoid }) => ({
      type: 'guest.migration-requested',
      subject: `guest/${guest}`,
      cause,
      data: { to: null, by, drains: host, ...(avoid.length > 0 ? { avoid: [...avoid] } : {}) },
    }));
  const keeps = all.flatMap((one) => (one.is === 'stays' ? [one] : []));
  if (keeps.length < all.length) return [];
  // An empty host that has not noticed it yet is told by the empty list.
  if (all.length > 0 && keepsText(keeps) === keepsText(known)) return [];
  const data = { keeps: keeps.map(({ guest, code, reason }) => ({ guest, code, reason: reason.slice(0, 1_000) })) };
  return [{ type: 'drain.changed', subject: `host/${host}`, cause, data }];
}

/** Reasons change with every guest placed anywhere; only who stays and the kind of reason is worth an entry. */
const keepsText = (keeps: readonly { readonly guest: string; readonly code: KeepCode }[]) =>
  keeps.map(({ guest, code }) => `${guest} ${code}`).join(',');

/** What a person can do about it. */
export const todoFor = (code: KeepCode, guest: string, host: string): string =>
  KEEPS[code].replaceAll('GUEST', guest).replace('maintenance HOST', `maintenance ${host}`);

/** One line for each guest still there: what happens to it, or what keeps it and what to do. */
export const drainLines = (fleet: Fleet, host: string): string[] =>
  leaving(fleet, host).map((one) => `${one.guest} ${fate(fleet, host, one)}`);

function fate(fleet: Fleet, host: string, one: Leaving): string {
  switch (one.is) {
    case 'moving':
      return `is being moved: ${fleet.guests[one.guest]!.context.why}`;
    case 'next':
      return `is to be moved, up to ${AT_ONCE} at a time`;
    case 'waits':
      return `waits: ${one.reason}`;
    case 'stays':
      return `stays (${one.code}): ${one.reason}; to do: ${todoFor(one.code, one.guest, host)}`;
  }
}
