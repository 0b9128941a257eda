import { describe, expect, test } from 'vitest';
import { allRunning, threeHosts, type World, world } from './world.ts';

async function upAndRunning(spec = threeHosts()): Promise<World> {
  const w = await world(spec);
  await w.advance(20_000, () => allRunning(w));
  expect(allRunning(w), w.story().join('\n')).toBe(true);
  await w.advance(6_000);
  return w;
}

const entries = (w: World, type: string) =>
  w
    .entries()
    .filter(({ entry }) => entry.type === type)
    .map(({ entry }) => entry);

describe('a whole cluster on invented ports', () => {
  test('starts every guest where it is preferred', async () => {
    const w = await upAndRunning();
    expect(['g1', 'g2', 'g3', 'g4'].map((g) => w.writers(g))).toEqual([['h1'], ['h1'], ['h1'], ['h2']]);
  });

  test.each(['h1', 'h2', 'h3'])(
    'a host that leads or not (leader %s) loses its power: its guests run elsewhere within seconds',
    async (leader) => {
      const w = await upAndRunning();
      while (w.leader()?.name !== leader) {
        void w.order({ kind: 'step-down', by: 'test' });
        await w.advance(100);
        await w.advance(4_000, () => w.leader() !== null);
      }
      await w.advance(6_000);
      const fault = w.now();
      w.powerOff('h1');
      await w.advance(20_000, () => allRunning(w));
      expect(allRunning(w), w.story().join('\n')).toBe(true);
      expect(w.now() - fault).toBeLessThan(leader === 'h1' ? 4_000 : 2_500);
      expect(entries(w, 'fence.proven')[0]).toMatchObject({ subject: 'host/h1', data: { proof: { kind: 'R2' } } });
    },
  );

  test('nodes that gave the lead away lead again soon when nobody else is left to', async () => {
    const w = await upAndRunning();
    while (w.leader()?.name !== 'h3') {
      void w.order({ kind: 'step-down', by: 'test' });
      await w.advance(100);
      await w.advance(4_000, () => w.leader() !== null);
    }
    const fault = w.now();
    w.powerOff('h3');
    await w.advance(10_000, () => w.leader() !== null);
    expect(w.now() - fault).toBeLessThan(2_000);
  });

  test('with its BMC dead the lease proves the death', async () => {
    const w = await upAndRunning();
    w.inject({ kind: 'bmc', node: 'h1', mode: 'dead' });
    const fault = w.now();
    w.powerOff('h1');
    await w.advance(20_000, () => allRunning(w));
    expect(w.now() - fault).toBeLessThan(6_000);
    expect(entries(w, 'fence.proven')[0]).toMatchObject({ data: { proof: { kind: 'R3' } } });
  });

  test('a host cut off pauses its guests before anybody else may start them', async () => {
    const w = await upAndRunning();
    w.inject({ kind: 'bmc', node: 'h1', mode: 'dead' });
    w.inject({ kind: 'isolate', node: 'h1' });
    let writing = true;
    await w.advance(20_000, () => {
      if (w.nodes.h1!.instances().get('g1')?.state !== 'running') writing = false;
      if (['h2', 'h3'].some((h) => w.nodes[h]!.instances().has('g1'))) expect(writing).toBe(false);
      return w.writers('g1').some((h) => h !== 'h1');
    });
    expect(w.writers('g1')).not.toContain('h1');
    await w.advance(2_000);
    w.inject({ kind: 'rejoin', node: 'h1' });
    await w.advance(20_000);
    expect([...w.nodes.h1!.instances().keys()]).toEqual([]);
    expect(w.leader()!.controller()!.fleet().hosts.h1!.state).toBe('running');
  });

  test('the whole control network fails for a minute: guests pause, nobody is fenced, all run again within 2 s', async () => {
    const w = await upAndRunning();
    for (const h of ['h1', 'h2', 'h3']) w.inject({ kind: 'isolate', node: h });
    await w.advance(60_000);
    expect(['g1', 'g2', 'g3', 'g4'].flatMap((g) => w.writers(g))).toEqual([]);
    for (const h of ['h1', 'h2', 'h3']) w.inject({ kind: 'rejoin', node: h });
    await w.advance(2_000);
    expect(allRunning(w)).toBe(true);
    await w.advance(10_000);
    expect(entries(w, 'fence.proven')).toEqual([]);
    expect(entries(w, 'host.suspected')).toEqual([]);
  });

  test('a killed QEMU is started again in its place', async () => {
    const w = await upAndRunning();
    const fault = w.now();
    w.inject({ kind: 'kill-guest', guest: 'g1' });
    await w.advance(5_000, () => w.writers('g1').length === 1);
    expect(w.writers('g1')).toEqual(['h1']);
    expect(w.now() - fault).toBeLessThan(500);
  });

  test('two of three hosts lost: nothing starts until one is back', async () => {
    const w = await upAndRunning();
    w.inject({ kind: 'bmc', node: 'h1', mode: 'dead' });
    w.inject({ kind: 'bmc', node: 'h2', mode: 'dead' });
    w.powerOff('h1');
    w.powerOff('h2');
    await w.advance(30_000);
    expect([...w.nodes.h3!.instances().keys()]).toEqual([]);
    w.powerOn('h2');
    await w.advance(30_000, () => allRunning(w));
    expect(allRunning(w), w.story().join('\n')).toBe(true);
  });

  test('everything loses its power at once and comes back without a person', async () => {
    const w = await upAndRunning();
    for (const h of ['h1', 'h2', 'h3']) w.powerOff(h);
    await w.advance(10_000);
    for (const h of ['h1', 'h2', 'h3']) w.powerOn(h);
    await w.advance(60_000, () => allRunning(w));
    expect(allRunning(w), w.story().join('\n')).toBe(true);
  });

  test.each([10, -10])(
    'a wall clock that jumps by %i years fires no back-off early and holds none up',
    async (years) => {
      const w = await upAndRunning();
      const leader = w.leader()!.name;
      // Twice, so that the second restart has to wait for its back-off.
      w.inject({ kind: 'kill-guest', guest: 'g4' });
      await w.advance(
        5_000,
        () => entries(w, 'start.succeeded').filter(({ subject }) => subject === 'guest/g4').length === 2,
      );
      w.inject({ kind: 'kill-guest', guest: 'g4' });
      await w.advance(100);
      const began = w.now();
      w.inject({ kind: 'clock-step', node: leader, byMs: years * 365 * 86_400_000 });
      await w.advance(60_000, () => w.writers('g4').length === 1);
      expect(w.now() - began).toBeGreaterThan(800);
      expect(w.now() - began).toBeLessThan(1_500);
    },
  );
});
