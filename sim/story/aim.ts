/** What a story leaves open until the moment of a fault: who leads then, where a guest is, what a person signs. */
import { createHash } from 'node:crypto';
import { latestLife } from '../../machines/fleet.ts';
import { planDigest, reinstallPlan } from '../../machines/reinstall-plan.ts';
import { confirmOffText } from '../../services/protocol.ts';
import { type Fault, faultSchema } from '../faults.ts';
import { guestOfPlaceholder, LEADER } from './ast.ts';
import type { Chronicle } from './chronicle.ts';

const NODE_KEYS: ReadonlySet<string> = new Set(['node', 'from', 'to', 'at']);

/** Placeholders filled in; a sentence when that cannot be. */
export function aim(fault: Fault, chronicle: Chronicle): Fault | string {
  const { sim } = chronicle;
  let missing: string | null = null;
  const real = (node: string): string => {
    const guest = guestOfPlaceholder(node);
    if (node !== LEADER && guest === null) return node;
    const found =
      guest === null
        ? (sim.leader()?.name ?? chronicle.fleet().leader)
        : (sim.writers(guest)[0] ?? chronicle.fleet().guests[guest]?.context.grant?.host);
    if (found == null) missing = guest === null ? 'nobody leads now' : `${guest} is nowhere now`;
    return found ?? node;
  };
  const aimed = Object.entries(fault).map(([key, value]: [string, unknown]) => [
    key,
    NODE_KEYS.has(key) && typeof value === 'string' ? real(value) : value,
  ]);
  return missing ?? faultSchema.parse(Object.fromEntries(aimed));
}
/** A `confirm-off` is given for the life that the log knows, with the operator's signature; a `reinstall` for the plan as it is. */
export function signed({ order }: Extract<Fault, { kind: 'order' }>, { sim, fleet }: Chronicle) {
  if (order.kind === 'reinstall') return { ...order, plan: planDigest(reinstallPlan(fleet(), order.host, order.mode)) };
  if (order.kind !== 'confirm-off') return order;
  const known = fleet().hosts[order.host]?.context;
  const counter = known ? Math.max(0, latestLife(known)) : 0;
  const key = sim.spec.operators[order.by] ?? '';
  const text = confirmOffText({ ...order, counter });
  return { ...order, counter, key, signature: createHash('sha256').update(`${key} ${text}`).digest('hex') };
}
