import { expect, test } from 'vitest';
import { specSchema } from '../../machines/spec.ts';
import { createSimulation } from '../../sim/create.ts';
import { threeHosts } from './world.ts';

test('a spare that nobody has switched on yet: guests start at once, and it is not switched on before it has joined', async () => {
  const three = threeHosts();
  const h4 = { ...three.hosts.h3!, address: 'h4', capacity: { memoryMiB: 8_192, vcpus: 8 }, spare: true };
  const hosts = Object.fromEntries(
    Object.entries(three.hosts).map(([name, host]) => [
      name,
      { ...host, capacity: { memoryMiB: name === 'h1' ? 1_536 : 768, vcpus: 8 } },
    ]),
  );
  const spec = specSchema.parse({ ...three, hosts: { ...hosts, h4 } });
  const w = await createSimulation(spec, { seed: 1, off: ['h4'], model: { hostBootMs: [0, 0] } });
  const state = () => w.leader()?.controller()?.fleet().hosts.h4?.state;
  const run = (guests: readonly string[]) => guests.every((guest) => w.writers(guest).length === 1);
  const guests = Object.keys(spec.guests);
  await w.advance(8_000, () => run(guests));
  expect(run(guests), 'nothing waits for the spare').toBe(true);
  expect(w.nodes.h4!.hasPower()).toBe(false);
  expect(state()).toBe('joining');

  w.inject({ kind: 'disk-ruined', node: 'h1' });
  w.inject({ kind: 'power-loss', node: 'h1' });
  await w.advance(60_000);
  expect(run(guests)).toBe(false);
  expect(w.nodes.h4!.hasPower()).toBe(false);
  w.inject({ kind: 'power-on', node: 'h4' });
  await w.advance(20_000, () => run(guests));
  expect(run(guests)).toBe(true);
  expect(state()).toBe('running');
  await w.stop();
});
