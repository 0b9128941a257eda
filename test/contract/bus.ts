import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, BusError } from '../../services/ports.ts';
import { addresses } from '../../services/protocol.ts';
import type { Passing } from './time.ts';

export const NODES = ['h1', 'h2', 'h3'] as const;
export type Node = (typeof NODES)[number];

/** Three nodes with a nats-server each; the first two servers are those of h1. */
export interface BusHarness extends Passing {
  bus(role: 'agent' | 'voter' | 'controller', node: Node): Bus;
  /** The network delivers what it is given more than once, where that can be brought about. */
  duplicate(on: boolean): void;
  /** A nats-server dies without a word, or is there again. */
  kill(node: Node): void;
  start(node: Node): Promise<void>;
  /** A nats-server stands still, its connections open, or goes on. */
  freeze(node: Node, on: boolean): void;
  end(): Promise<void>;
}

export function busContract(name: string, makeHarness: () => Promise<BusHarness>): void {
  describe(`Bus, ${name}`, () => {
    let it: BusHarness;
    let agent: Bus;
    let controller: Bus;
    /** How often each voter's handler ran, by message. */
    const handled = new Map<string, number>();
    beforeAll(async () => {
      it = await makeHarness();
      agent = it.bus('agent', 'h1');
      controller = it.bus('controller', 'h1');
      for (const node of NODES)
        it.bus('voter', node).serve(addresses.renewAll, (message, address) => {
          const { n } = message as { n: number };
          handled.set(`${node}/${n}`, (handled.get(`${node}/${n}`) ?? 0) + 1);
          return { voter: node, n, address };
        });
      await allAnswer();
    }, 60_000);
    afterAll(() => it?.end());

    const allAnswer = () => it.until('all voters answer', async () => (await renew(-1, 300)).length === 3);
    async function renew(n: number, timeoutMs: number, enough = 3): Promise<string[]> {
      const voters: string[] = [];
      const hear = (answer: unknown) => voters.push((answer as { voter: string }).voter) === enough;
      await it.settle(agent.gather(addresses.renew('h1'), { n }, timeoutMs, hear));
      return voters.sort();
    }
    const kindOf = (asked: Promise<unknown>) =>
      asked.then(
        () => 'answered',
        (error) => (error instanceof BusError ? error.kind : String(error)),
      );

    test('each voter handles it once and is counted once, however often the network delivers it', async () => {
      it.duplicate(true);
      expect(await renew(1, 300, 4)).toEqual(NODES);
      it.duplicate(false);
      await it.advance(50);
      expect(NODES.map((node) => handled.get(`${node}/1`))).toEqual([1, 1, 1]);
    });

    test('enough ends the gathering at once, and nothing is heard after it', async () => {
      const heard: unknown[] = [];
      const gathering = agent.gather(addresses.renew('h1'), { n: 2 }, 10_000, (answer) => heard.push(answer) === 2);
      expect((await it.timed(gathering)).ms).toBeLessThan(5_000);
      await it.advance(50);
      expect(heard).toHaveLength(2);
    });

    test('the first answer is the answer, and who answers learns the address that was asked', async () => {
      const answer = await it.settle(agent.request(addresses.renew('h1'), { n: 3 }, 5_000));
      expect(answer).toMatchObject({ n: 3, address: addresses.renew('h1') });
    });

    test('a node is one answerer, however many of its handlers answer', async () => {
      const ends = [1, 2].map((n) => it.bus('controller', 'h2').serve(addresses.order('h3'), () => n));
      const asker = it.bus('controller', 'h3');
      const ask = () => kindOf(asker.request(addresses.order('h3'), {}, 200));
      await it.until('served', async () => (await it.settle(ask())) === 'answered');
      const heard: unknown[] = [];
      await it.settle(asker.gather(addresses.order('h3'), {}, 300, (answer) => heard.push(answer) === 9));
      expect(heard).toHaveLength(1);
      for (const end of ends) end();
    });

    test('nobody serves: said at once, not after the time-out; a handler that ended serves no more', async () => {
      const serving = it.bus('agent', 'h2');
      const end = serving.serve(addresses.agent('h2'), () => 'here');
      const ask = (timeoutMs = 500) => kindOf(controller.request(addresses.agent('h2'), {}, timeoutMs));
      await it.until('served', async () => (await it.settle(ask())) === 'answered');
      end();
      await it.until('it is known that nobody listens', async () => (await it.settle(ask())) === 'no-responders');
      expect((await it.timed(ask(15_000))).ms).toBeLessThan(5_000);
      const gathering = controller.gather(addresses.agent('h2'), {}, 15_000, () => expect.unreachable('no answer'));
      expect((await it.timed(gathering)).ms).toBeLessThan(5_000);
    });

    test('served but silent, or failing: a time-out, which means unknown; null is an answer', async () => {
      it.bus('agent', 'h3').serve(addresses.agent('h3'), (message) => {
        if (message === 'fail') throw new Error('no such guest');
        return message === 'null' ? null : undefined;
      });
      const ask = (message: string) => kindOf(controller.request(addresses.agent('h3'), message, 200));
      await it.until('served', async () => (await it.settle(ask('null'))) === 'answered');
      expect(await it.settle(controller.request(addresses.agent('h3'), 'null', 2_000))).toBeNull();
      for (const message of ['say nothing', 'fail']) expect(await it.settle(ask(message)), message).toBe('timeout');
      const { ms } = await it.timed(ask('say nothing'));
      expect(ms).toBeGreaterThanOrEqual(199);
    });

    test('what arrives is a copy, and only what JSON can carry', async () => {
      const sent = { n: 6, none: undefined, endless: Number.POSITIVE_INFINITY, list: [1] };
      it.bus('agent', 'h2').serve(addresses.agent('h2'), (message) => {
        (message as typeof sent).list.push(2);
        return { ...(message as typeof sent), none: undefined };
      });
      const ask = () => controller.request(addresses.agent('h2'), sent, 500);
      await it.until('served', async () => (await it.settle(kindOf(ask()))) === 'answered');
      const answer = await it.settle(ask());
      expect(Object.entries(answer as object)).toEqual(Object.entries({ n: 6, endless: null, list: [1, 2] }));
      expect(sent.list).toEqual([1]);
    });

    test('what is published is delivered once to every listener, and a star stands for one word', async () => {
      const heard: string[] = [];
      const note = (node: string) => (message: unknown, address: string) =>
        void heard.push(`${node} ${message} ${address}`);
      for (const node of ['h2', 'h3'] as const) it.bus('controller', node).serve(addresses.reportAll, note(node));
      it.bus('controller', 'h1').serve(addresses.orderAll, note('orders'));
      await it.until('heard by both', () => {
        agent.publish(addresses.report('h1'), 'early');
        return ['h2', 'h3'].every((node) => heard.some((line) => line.startsWith(node)));
      });
      await it.advance(50);
      heard.length = 0;
      it.duplicate(true);
      agent.publish(addresses.report('h1'), 'late');
      await it.until('both', () => heard.length >= 2);
      it.duplicate(false);
      await it.advance(50);
      expect(heard.sort()).toEqual([`h2 late ${addresses.report('h1')}`, `h3 late ${addresses.report('h1')}`]);
    });

    /** Renews every 25 ms while `during` goes on; returns the renewals that a majority did not answer in 1 s. */
    async function lostWhile(first: number, during: () => Promise<void>): Promise<number[]> {
      const lost: number[] = [];
      const asked: Promise<void>[] = [];
      const renewOnce = async (n: number) => {
        const heard = new Set<unknown>();
        const hear = (answer: unknown) => heard.add((answer as { voter: string }).voter).size === 2;
        await agent.gather(addresses.renew('h1'), { n }, 1_000, hear);
        if (heard.size < 2) lost.push(n);
      };
      const stop = it.every(25, () => asked.push(renewOnce(first + asked.length)));
      await during();
      stop();
      await it.settle(Promise.all(asked));
      expect(asked.length).toBeGreaterThan(30);
      return lost;
    }

    test('one of a node’s two servers killed: no renewal is lost, then or when it is back', async () => {
      const lost = await lostWhile(1_000, async () => {
        await it.advance(200);
        it.kill('h1');
        await it.advance(1_000);
        await it.start('h1');
        await it.advance(1_000);
      });
      expect(lost).toEqual([]);
      await allAnswer();
    });

    test('one frozen: no renewal is lost while it says nothing, when it is given up, and when it thaws', async () => {
      const lost = await lostWhile(2_000, async () => {
        it.freeze('h2', true);
        await it.advance(4_500);
        it.freeze('h2', false);
        await it.advance(1_500);
      });
      expect(lost).toEqual([]);
      await allAnswer();
    });

    test('both gone: nobody is asked, which is said at once; the first way back is told, and works', async () => {
      const ask = (n: number, timeoutMs: number) => kindOf(agent.request(addresses.renew('h1'), { n }, timeoutMs));
      let reached = 0;
      const end = agent.onReach(() => {
        reached += 1;
      });
      it.kill('h1');
      it.kill('h2');
      await it.until('no way', async () => (await it.settle(ask(4, 300))) === 'no-responders');
      expect((await it.timed(ask(5, 15_000))).ms).toBeLessThan(5_000);
      const before = reached;
      await it.settle(it.start('h2'));
      await it.until('told', () => reached > before);
      await it.settle(it.start('h1'));
      await it.until('the second is told too', () => reached > before + 1);
      await allAnswer();
      end();
    });
  });
}
