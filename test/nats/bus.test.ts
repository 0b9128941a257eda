import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBus } from '../../adapters/nats/bus.ts';
import { runServer } from '../../adapters/nats/server-process.ts';
import { type Bus, BusError } from '../../services/ports.ts';
import { listening, startCluster, type TestCluster, until } from './cluster.ts';

let cluster: TestCluster;
const hosts = ['h1', 'h2', 'h3'];
/** How often each voter's handler ran, by message. */
const handled = new Map<string, number>();
let bus: Bus;

beforeAll(async () => {
  cluster = await startCluster({ hosts: [...hosts, 'h4'], voters: hosts });
  bus = openBus(cluster.connect('agent', 'h1'), 'test', 'h1');
  for (const name of hosts) {
    openBus(cluster.connect('voter', name), 'test', name).serve('lease.renew.*', (message, address) => {
      const { n } = message as { n: number };
      handled.set(`${name}/${n}`, (handled.get(`${name}/${n}`) ?? 0) + 1);
      return { kind: 'promised', voter: name, n, address };
    });
  }
  await until('all voters answer over two paths', async () => (await renew(-1, 200)).length === 3);
});
afterAll(() => cluster?.close());

async function renew(n: number, timeoutMs: number, enough = 3): Promise<string[]> {
  const voters: string[] = [];
  await bus.gather(
    'lease.renew.h1',
    { n },
    timeoutMs,
    (answer) => voters.push((answer as { voter: string }).voter) === enough,
  );
  return voters.sort();
}

/** Renews every 25 ms while `during` goes on; returns the renewals that a majority did not answer in 1 s. */
async function lostWhile(first: number, during: () => Promise<void>): Promise<number[]> {
  const lost: number[] = [];
  let over = false;
  const running = (async () => {
    for (let n = first; !over; n++) {
      if ((await renew(n, 1_000, 2)).length < 2) lost.push(n);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  })();
  await during();
  over = true;
  await running;
  return lost;
}
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('one message over two servers', () => {
  test('a handler that ended hears nothing more, also after a reconnection', async () => {
    const agent = openBus(cluster.connect('agent', 'h2', ['h3']), 'test', 'h2');
    const controller = openBus(cluster.connect('controller', 'h2', ['h2']), 'test', 'h2');
    const end = agent.serve('agent.h2', () => 'here');
    const ask = () => controller.request('agent.h2', {}, 500).catch((error: BusError) => error.kind);
    await until('served', async () => (await ask()) === 'here');
    await cluster.stop('h3');
    await cluster.start('h3');
    await until('served again', async () => (await ask()) === 'here');
    end();
    await until('nobody listens', async () => (await ask()) === 'no-responders', 2_000);
  });

  test('each voter handles it once and is counted once', async () => {
    expect(await renew(1, 300, 4)).toEqual(hosts);
    expect(hosts.map((name) => handled.get(`${name}/1`))).toEqual([1, 1, 1]);
  });

  test('the answerer learns the address that was asked', async () => {
    expect(await bus.request('lease.renew.h1', { n: 2 }, 1_000)).toMatchObject({ address: 'lease.renew.h1' });
  });

  test('"nobody listens" on one server does not end it while the other may answer', async () => {
    const alone = await runServer({
      ...cluster.plan('h4'),
      spec: { ...cluster.spec, voters: ['h4'] },
      say: listening(),
    });
    const split = cluster.connect('agent', 'h1', ['h4', 'h2']);
    await until('both paths up', () => split.paths.every((path) => path.live()));
    const answer = await openBus(split, 'test', 'h1').request('lease.renew.h1', { n: 3 }, 1_000);
    expect(answer).toMatchObject({ kind: 'promised', n: 3 });
    await alone.stop();
  });
});

describe('errors', () => {
  test('nobody serves: said at once, not after the time-out', async () => {
    const controller = openBus(cluster.connect('controller', 'h2'), 'test', 'h2');
    const from = performance.now();
    await until(
      'connected',
      () =>
        controller.request('agent.h3', {}, 1).catch((e: BusError) => e.kind === 'no-responders') as Promise<boolean>,
    );
    await expect(controller.request('agent.h3', {}, 60_000)).rejects.toMatchObject({ kind: 'no-responders' });
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  test('served but silent, or failing: a time-out, which means unknown', async () => {
    const say = listening();
    const agent = openBus(cluster.connect('agent', 'h3', undefined, say), 'test', 'h3');
    agent.serve('agent.h3', (message) => {
      if (message === 'fail') throw new Error('no such guest');
    });
    const controller = openBus(cluster.connect('controller', 'h2'), 'test', 'h2');
    await until(
      'served',
      () => controller.request('agent.h3', {}, 50).catch((e: BusError) => e.kind === 'timeout') as Promise<boolean>,
    );
    await expect(controller.request('agent.h3', 'fail', 200)).rejects.toBeInstanceOf(BusError);
    expect(say.lines.join()).toContain('no such guest');
  });
});

describe('losing a server', () => {
  test('killed: no renewal is lost, then or when it is back', async () => {
    const lost = await lostWhile(1_000, async () => {
      await pause(200);
      cluster.kill('h1');
      await pause(1_000);
      await cluster.start('h1');
      await pause(1_000);
    });
    expect(lost).toEqual([]);
  });

  test('frozen: no renewal is lost while it says nothing, when it is given up, and when it thaws', async () => {
    // One more connection, with more waiting for that server than any buffer holds.
    const [full] = cluster.connect('controller', 'h3', ['h2']).paths;
    await until('connected', () => full!.live() !== null);
    const lost = await lostWhile(2_000, async () => {
      cluster.signal('h2', 'SIGSTOP');
      for (let n = 0; n < 20; n++) full!.live()!.publish('rekindle.test.agent.h1', 'x'.repeat(1_000_000));
      await until('it is given up', () => full!.live() === null, 6_000);
      await pause(1_000);
      cluster.signal('h2', 'SIGCONT');
      await until('it is back', () => full!.live() !== null, 6_000);
      await pause(500);
    });
    expect(lost).toEqual([]);
    await until('all voters answer again', async () => (await renew(3_000, 250)).length === 3);
  });
});
