/** What must not be taken for a death: a switch that is out for ten minutes, packets that get lost, daemons that pause. */
import type { Figure, Measurement } from './figures.ts';
import { calmCluster } from './simulated-cluster.ts';

const OUTAGE = { hosts: 16, guests: 160, forMs: 600_000 };
const WEATHER = { hosts: 16, guests: 160, hours: 2 };

export const simulatedWeather: Measurement = {
  name: 'simulated-weather',
  run: async () => [...(await outage()), ...(await weather())],
};

async function outage(): Promise<Figure[]> {
  const simulation = await calmCluster(OUTAGE, { seed: 1 });
  const guests = Object.keys(simulation.spec.guests);
  const nodes = Object.values(simulation.nodes);
  const tokenOf = (guest: string) =>
    nodes.map((node) => node.instances().get(guest)?.token).find((token) => token !== undefined);
  const before = new Map(guests.map((guest) => [guest, tokenOf(guest)]));
  const beganMs = simulation.now();
  simulation.inject({ kind: 'control-network-down', forMs: OUTAGE.forMs });
  await simulation.advance(OUTAGE.forMs);
  await simulation.advance(30_000, () => guests.every((guest) => simulation.writers(guest).length === 1));
  const backMs = simulation.now() - beganMs - OUTAGE.forMs;
  const resets = nodes.reduce((sum, node) => sum + node.resets(), 0);
  const lost = guests.filter((guest) => tokenOf(guest) !== before.get(guest)).length;
  const about = `sim/: ${OUTAGE.hosts} hosts, ${OUTAGE.guests} guests, profile fast, the whole control network out for ten minutes`;
  await simulation.stop();
  return [
    { name: 'hosts reset by the outage', value: resets, unit: '', target: { atMost: 0 }, about },
    { name: 'guests lost by the outage', value: lost, unit: '', target: { atMost: 0 }, about },
    {
      name: 'all guests running again',
      value: backMs,
      unit: 'ms',
      target: { atMost: 2_000 },
      about: `${about}; from its end`,
    },
  ];
}

async function weather(): Promise<Figure[]> {
  const simulation = await calmCluster(WEATHER, { seed: 2 });
  let fences = 0;
  simulation.observe((event) => {
    if (event.kind === 'entry' && event.stored.entry.type === 'fence.proven') fences += 1;
  });
  const forMs = WEATHER.hours * 3_600_000;
  simulation.inject({ kind: 'bad-network', lossRatio: 0.02, duplicateRatio: 0, delayMs: 0, jitterMs: 0, forMs });
  simulation.inject({ kind: 'server-down', node: 'h2', forMs });
  for (let atMs = 0, i = 0; atMs < forMs; atMs += 5_000, i++) {
    await simulation.advance(5_000);
    simulation.inject({ kind: 'pause-daemon', node: `h${1 + (i % WEATHER.hosts)}`, forMs: 800 });
  }
  await simulation.stop();
  return [
    {
      name: 'hosts fenced though alive',
      value: fences,
      unit: '',
      target: { atMost: 0 },
      about: `sim/: ${WEATHER.hosts * WEATHER.hours} host-hours, profile fast, 2 % of packets lost on every hop, one of three nats-servers down, every 5 s another daemon standing still for 800 ms`,
    },
  ];
}
