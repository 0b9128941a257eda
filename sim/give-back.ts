import type { Fleet } from '../machines/fleet.ts';
import type { Simulation } from './simulation.ts';

/** Each of its steps is over by then, or will not come. */
const STEP_MS = 120_000;

/**
 * A spare is emptied, switched off and given back, as a person does it. False: it cannot be emptied, and is in service. `fleet`: as
 * the leader has it; null while nobody leads.
 */
export async function giveBack(
  host: string,
  sim: Pick<Simulation, 'advance' | 'inject' | 'order'> & { leader(): { readonly name: string } | null },
  fleet: () => Pick<Fleet, 'hosts' | 'leader'> | null,
  by: string,
): Promise<boolean> {
  const is = () => fleet()?.hosts[host];
  // A leader takes orders only once it has announced itself.
  await sim.advance(STEP_MS, () => sim.leader() !== null && fleet()?.leader === sim.leader()?.name);
  await sim.advance(200);
  void sim.order({ kind: 'maintenance', host, on: true, drain: true, by });
  await sim.advance(STEP_MS, () => is()?.state === 'maintenance');
  const empty = is()?.state === 'maintenance';
  if (empty) {
    sim.inject({ kind: 'power-loss', node: host });
    await sim.advance(STEP_MS, () => is()?.state === 'maintenance' && is()?.context.fence !== null);
  }
  void sim.order({ kind: 'maintenance', host, on: false, by });
  await sim.advance(STEP_MS, () => is()?.state === (empty ? 'spare' : 'running'));
  return is()?.state === 'spare';
}
