/** The cluster as a story finds it: up, led by whom it says, and with nothing left to do. */
import { giveBack } from '../give-back.ts';
import type { Story } from './ast.ts';
import type { Chronicle } from './chronicle.ts';
import { OPERATOR } from './fault-phrases.ts';

/** A cluster that is not up by then will not be. */
const UP_WITHIN_MS = 120_000;
/** What follows a start, the forecast of headroom for one, is over by then. */
const SETTLE_MS = 10_000;

/** Resolves with a sentence when it does not come to that. */
export async function bringUp({ leader }: Story, chronicle: Chronicle): Promise<string | null> {
  const { sim } = chronicle;
  await sim.advance(UP_WITHIN_MS, () => isUp(chronicle));
  // Who steps down goes last in line for a while, so everybody's turn comes if each gives way at once.
  for (let tries = 0; leader !== null && sim.leader()?.name !== leader; tries++) {
    if (tries > 2 * Object.keys(sim.nodes).length) return `${leader} does not come to lead`;
    const before = sim.leader()?.name;
    // A leader takes orders only once it has announced itself.
    await sim.advance(UP_WITHIN_MS, () => chronicle.fleet().leader === before);
    await sim.advance(200);
    void sim.order({ kind: 'step-down', by: OPERATOR });
    await sim.advance(UP_WITHIN_MS, () => sim.leader() !== null && sim.leader()?.name !== before);
  }
  await sim.advance(UP_WITHIN_MS, () => isUp(chronicle));
  const spares = Object.keys(sim.spec.hosts).filter((host) => sim.spec.hosts[host]!.spare);
  for (const host of spares)
    if (!(await giveBack(host, sim, chronicle.fleet, OPERATOR))) return `${host} cannot be given back as a spare`;
  await sim.advance(UP_WITHIN_MS, () => isUp(chronicle));
  if (!isUp(chronicle)) return `the cluster is not up after ${UP_WITHIN_MS / 1_000} s`;
  // Past all that follows a start, and on a whole second, so that times are easy to read.
  await sim.advance(SETTLE_MS - (sim.now() % 1_000));
  return null;
}

/** Led, every host in service or a spare, and every guest that is wanted observed running, with nothing left to do. */
function isUp({ sim, fleet }: Chronicle): boolean {
  const { hosts, guests, intents, spec, headroom } = fleet();
  return (
    spec !== null &&
    sim.leader() !== null &&
    headroom !== null &&
    Object.keys(intents).length === 0 &&
    Object.values(hosts).every(({ state }) => state === 'running' || state === 'spare') &&
    Object.entries(guests).every(([name, { state, context }]) =>
      context.desired === 'running' ? state === 'running' && sim.writers(name).length === 1 : state === 'stopped',
    )
  );
}

/** Who leads, what is off, and where every guest can write. */
export function present({ sim }: Chronicle): string {
  const places = Object.keys(sim.spec.guests).map(
    (guest) => `${guest} on ${sim.writers(guest).join(' and ') || 'none'}`,
  );
  const off = Object.values(sim.nodes).filter((node) => !node.powered());
  return [`${sim.leader()?.name ?? 'nobody'} leads`, ...off.map(({ name }) => `${name} is off`), ...places].join(', ');
}
