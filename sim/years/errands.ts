/** What people do that takes several steps. Each errand is looked at every second until it is done. */
import type { Order } from '../../services/protocol.ts';
import type { Simulation } from '../simulation.ts';
import { ON_CALL } from './person.ts';
import type { View } from './view.ts';

/** Returns true when it is done. */
export type Errand = () => boolean;

const AGAIN_MS = 30_000;
const TRIES_AT_MOST = 5;
const DRAINED_WITHIN_MS = 600_000;
const BACK_WITHIN_MS = 1_200_000;

/** An order, given again until a leader accepts it. */
export function orderUntilAccepted(sim: Simulation, order: Order): Errand {
  let accepted = false;
  let askedMs = Number.NEGATIVE_INFINITY;
  let tries = 0;
  return () => {
    if (accepted || tries >= TRIES_AT_MOST) return true;
    if (sim.now() - askedMs < AGAIN_MS) return false;
    askedMs = sim.now();
    tries += 1;
    void sim.order(order).then((answer) => {
      accepted ||= answer === 'accepted';
    });
    return false;
  };
}

export interface Reboot {
  readonly sim: Simulation;
  readonly view: View;
  readonly host: string;
  readonly order: (order: Order) => void;
  /** Just before it goes down, and when it is back or given up. */
  readonly down: () => void;
  readonly back: () => void;
  readonly tell: (what: string) => void;
}

/** As docs/operations.md has it: maintenance, which empties it, reboot, end of maintenance. */
export function reboot({ sim, view, host, order, down, back, tell }: Reboot): Errand {
  const beganMs = sim.now();
  let rebooted = false;
  const node = sim.nodes[host]!;
  const end = () => {
    if (rebooted) back();
    order({ kind: 'maintenance', host, on: false, by: ON_CALL });
    return true;
  };
  order({ kind: 'maintenance', host, on: true, drain: true, by: ON_CALL });

  return () => {
    if (sim.now() - beganMs > (rebooted ? BACK_WITHIN_MS : DRAINED_WITHIN_MS)) {
      tell(`the reboot of ${host} is given up: it ${rebooted ? 'does not come back' : 'does not become empty'}`);
      return end();
    }
    const state = view.hostState(host);
    if (rebooted) return node.powered() && state === 'maintenance' ? end() : false;
    if (state !== 'maintenance' || !node.powered()) return false;
    rebooted = true;
    down();
    sim.inject({ kind: 'kernel-panic', node: host });
    return false;
  };
}
