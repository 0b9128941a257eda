/** The person on call: what the cluster asks one for, and what one does then. Sees only what `rekindle status` shows. */
import { createHash } from 'node:crypto';
import { type Fleet, latestLife } from '../../machines/fleet.ts';
import { confirmOffText, type Order } from '../../services/protocol.ts';
import type { Simulation } from '../simulation.ts';

export const ON_CALL = 'on-call';
const POWER_BACK_MS = 120_000;

/** Why a person is asked; empty when nobody is. `repairing`: somebody is already at work on that host. */
export function wanted(fleet: Fleet, repairing: (host: string) => boolean): string[] {
  const why: string[] = [];
  if (fleet.frozen) why.push(`the cluster is frozen: ${fleet.frozen.reason}`);
  if (fleet.brake) why.push('the storm brake is on');
  for (const [host, { state }] of Object.entries(fleet.hosts)) {
    if (state === 'blocked') why.push(`${host} cannot be proven stopped`);
    if ((state === 'quarantined' || state === 'failed') && !repairing(host)) why.push(`${host} is ${state}`);
  }
  for (const [guest, { state, context }] of Object.entries(fleet.guests)) {
    if (context.desired !== 'running') continue;
    if (state === 'failed' || state === 'frozen') why.push(`${guest} is ${state}`);
    if (state === 'blocked' && context.grant !== null && context.release === null)
      why.push(`${guest} cannot be stopped`);
  }
  return why;
}

export interface Duty {
  readonly simulation: Simulation;
  readonly repairing: (host: string) => boolean;
  readonly order: (order: Order) => void;
  readonly later: (afterMs: number, act: () => void) => void;
  readonly tell: (what: string) => void;
}

export function attend(fleet: Fleet, { simulation, repairing, order, later, tell }: Duty): void {
  const { spec } = simulation;
  const by = Object.keys(spec.operators)[0] ?? ON_CALL;
  if (fleet.frozen) order({ kind: 'thaw', by });
  if (fleet.brake) order({ kind: 'release-brake', by });
  for (const [host, { state, context }] of Object.entries(fleet.hosts)) {
    const stuck = state === 'blocked' || state === 'quarantined' || state === 'failed';
    if (!stuck) continue;
    const key = spec.operators[by];
    const confirms = state === 'blocked' && key !== undefined && latestLife(context) >= 0;
    if (!confirms && repairing(host)) continue;
    // Off by hand, so that what is signed is true; and a new life is a proof of its own.
    if (simulation.nodes[host]!.powered()) simulation.inject({ kind: 'power-loss', node: host });
    if (confirms) {
      const said = { host, counter: latestLife(context), by, checked: 'switched off by hand' };
      // The simulated keys sign like this (sim/node.ts).
      const signature = createHash('sha256')
        .update(`${key} ${confirmOffText(said)}`)
        .digest('hex');
      order({ kind: 'confirm-off', ...said, key, signature });
    }
    tell(`a person goes to ${host} and switches it off${confirms ? ', and signs that' : ', then on'}`);
    if (!repairing(host)) later(POWER_BACK_MS, () => simulation.inject({ kind: 'power-on', node: host }));
  }
  for (const [guest, { state, context }] of Object.entries(fleet.guests)) {
    if (context.desired !== 'running') continue;
    if (state === 'failed' || state === 'frozen') order({ kind: 'set-desired', guest, desired: 'running', by });
    else if (state === 'blocked' && context.grant !== null && context.release === null)
      order({ kind: 'fence', host: context.grant.host, by, reason: `${guest} cannot be stopped` });
  }
}
