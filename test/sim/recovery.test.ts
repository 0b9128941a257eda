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
  w.stream
    .all()
    .filter(({ entry }) => entry.type === type)
    .map(({ entry }) => entry);

describe('a whole cluster on invented ports', () => {
  test('starts every guest where it is preferred', async () => {
    const w = await upAndRunning();
    expect(['g1', 'g2', 'g3', 'g4'].map((g) => w.running(g))).toEqual([['h1'], ['h1'], ['h1'], ['h2']]);
  });

  test.each(['h1', 'h2', 'h3'])(
    'a host that leads or not (leader %s) loses its power: its guests run elsewhere within seconds',
    async (leader) => {
      const w = await upAndRunning();
      while (w.leader()?.name !== leader) {
        w.order({ kind: 'step-down', by: 'test' });
        await w.advance(100);
        await w.advance(4_000, () => w.leader() !== null);
      }
      await w.advance(6_000);
      const fault = w.scheduler.now();
      w.nodes.h1!.powerOff();
      await w.advance(20_000, () => allRunning(w));
      expect(allRunning(w), w.story().join('\n')).toBe(true);
      expect(w.scheduler.now() - fault).toBeLessThan(leader === 'h1' ? 4_000 : 2_500);
      expect(entries(w, 'fence.proven')[0]).toMatchObject({ subject: 'host/h1', data: { proof: { kind: 'R2' } } });
    },
  );

  test('nodes that gave the lead away lead again soon when nobody else is left to', async () => {
    const w = await upAndRunning();
    while (w.leader()?.name !== 'h3') {
      w.order({ kind: 'step-down', by: 'test' });
      await w.advance(100);
      await w.advance(4_000, () => w.leader() !== null);
    }
    const fault = w.scheduler.now();
    w.nodes.h3!.powerOff();
    await w.advance(10_000, () => w.leader() !== null);
    expect(w.scheduler.now() - fault).toBeLessThan(2_000);
  });

  test('with its BMC dead the lease proves the death', async () => {
    const w = await upAndRunning();
    w.setBmc('h1', false);
    const fault = w.scheduler.now();
    w.nodes.h1!.powerOff();
    await w.advance(20_000, () => allRunning(w));
    expect(w.scheduler.now() - fault).toBeLessThan(6_000);
    expect(entries(w, 'fence.proven')[0]).toMatchObject({ data: { proof: { kind: 'R3' } } });
  });

  test('a host cut off pauses its guests before anybody else may start them', async () => {
    const w = await upAndRunning();
    w.setBmc('h1', false);
    w.network.isolate('h1');
    let writing = true;
    await w.advance(20_000, () => {
      if (w.nodes.h1!.hypervisor.states().get('g1') !== 'running') writing = false;
      if (['h2', 'h3'].some((h) => w.nodes[h]!.hypervisor.states().has('g1'))) expect(writing).toBe(false);
      return w.running('g1').some((h) => h !== 'h1');
    });
    expect(w.running('g1')).not.toContain('h1');
    await w.advance(2_000);
    w.network.rejoin('h1');
    await w.advance(20_000);
    expect([...w.nodes.h1!.hypervisor.states().keys()]).toEqual([]);
    expect(w.leader()!.controller()!.fleet().hosts.h1!.state).toBe('running');
  });

  test('the whole control network fails for a minute: guests pause, nobody is fenced, all run again within 2 s', async () => {
    const w = await upAndRunning();
    for (const h of ['h1', 'h2', 'h3']) w.network.isolate(h);
    await w.advance(60_000);
    expect(['g1', 'g2', 'g3', 'g4'].flatMap((g) => w.running(g))).toEqual([]);
    for (const h of ['h1', 'h2', 'h3']) w.network.rejoin(h);
    await w.advance(2_000);
    expect(allRunning(w)).toBe(true);
    await w.advance(10_000);
    expect(entries(w, 'fence.proven')).toEqual([]);
    expect(entries(w, 'host.suspected')).toEqual([]);
  });

  test('a killed QEMU is started again in its place', async () => {
    const w = await upAndRunning();
    const fault = w.scheduler.now();
    w.nodes.h1!.hypervisor.kill('g1');
    await w.advance(5_000, () => w.running('g1').length === 1);
    expect(w.running('g1')).toEqual(['h1']);
    expect(w.scheduler.now() - fault).toBeLessThan(500);
  });

  test('two of three hosts lost: nothing starts until one is back', async () => {
    const w = await upAndRunning();
    w.setBmc('h1', false);
    w.setBmc('h2', false);
    w.nodes.h1!.powerOff();
    w.nodes.h2!.powerOff();
    await w.advance(30_000);
    expect([...w.nodes.h3!.hypervisor.states().keys()]).toEqual([]);
    void w.nodes.h2!.powerOn();
    await w.advance(30_000, () => allRunning(w));
    expect(allRunning(w), w.story().join('\n')).toBe(true);
  });

  test('everything loses its power at once and comes back without a person', async () => {
    const w = await upAndRunning();
    for (const h of ['h1', 'h2', 'h3']) w.nodes[h]!.powerOff();
    await w.advance(10_000);
    for (const h of ['h1', 'h2', 'h3']) void w.nodes[h]!.powerOn();
    await w.advance(60_000, () => allRunning(w));
    expect(allRunning(w), w.story().join('\n')).toBe(true);
  });
});
