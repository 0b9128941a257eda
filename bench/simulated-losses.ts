/** Host losses in virtual time, many of them: how soon noticed, how soon every guest runs again. */
import { type Figure, type Measurement, quantile } from './figures.ts';
import { calmCluster } from './simulated-cluster.ts';

const LOSSES = 20;
const SIZE = { hosts: 16, guests: 800 };

export const simulatedLosses: Measurement = {
  name: 'simulated-losses',
  async run() {
    return [
      ...figures('with a BMC', await losses(true), { p50: 3_500, p99: 6_000 }),
      ...figures('without, by its lease', await losses(false), { p50: 6_500, p99: 9_000 }),
    ];
  },
};

interface Loss {
  readonly noticedMs: number;
  readonly runningMs: number;
}

async function losses(bmc: boolean): Promise<Loss[]> {
  const found: Loss[] = [];
  for (let seed = 1; seed <= LOSSES; seed++) {
    const simulation = await calmCluster({ ...SIZE, bmc }, { seed });
    // Neither the leader nor the stream's leader: those losses wait for an election and are measured apart.
    const victim = `h${4 + ((seed * 7) % (SIZE.hosts - 3))}`;
    const lost = Object.keys(simulation.spec.guests).filter((guest) => simulation.writers(guest)[0] === victim);
    // Anywhere between two heartbeats.
    await simulation.advance((seed * 37) % 250);
    const beganMs = simulation.now();
    let noticedMs = Number.NaN;
    simulation.observe((event) => {
      if (event.kind === 'entry' && event.stored.entry.type === 'host.suspected') noticedMs = event.atMs - beganMs;
    });
    simulation.inject({ kind: 'power-loss', node: victim });
    await simulation.advance(60_000, () => lost.every((guest) => simulation.writers(guest).length === 1));
    if (lost.some((guest) => simulation.writers(guest).length !== 1))
      throw new Error(`seed ${seed}: not all guests run`);
    found.push({ noticedMs, runningMs: simulation.now() - beganMs });
    await simulation.stop();
  }
  return found;
}

function figures(how: string, found: readonly Loss[], target: { p50: number; p99: number }): Figure[] {
  const about = `sim/: ${LOSSES} power losses of a host that leads nothing, ${SIZE.hosts} hosts, ${SIZE.guests} guests, profile fast; power and start times as measured in the lab`;
  const noticed = found.map(({ noticedMs }) => noticedMs);
  const running = found.map(({ runningMs }) => runningMs);
  const figure = (name: string, value: number, atMost: number): Figure => ({
    name: `${name}, ${how}`,
    value,
    unit: 'ms',
    target: { atMost },
    about,
  });
  return [
    figure('host loss noticed, p50', quantile(noticed, 0.5), 900),
    figure('host loss noticed, p99', quantile(noticed, 0.99), 1_200),
    figure('all its guests running, p50', quantile(running, 0.5), target.p50),
    figure('all its guests running, p99', quantile(running, 0.99), target.p99),
  ];
}
