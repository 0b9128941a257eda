/** What a node tells the leader of machines that ask for a network boot and are not answered, and what the leader makes of it. */
import { expect, test } from 'vitest';
import { createBootWatch } from '../../services/controller/boot-watch.ts';
import { followNetBoot } from '../../services/controller/net-boot.ts';
import type { Bus } from '../../services/ports.ts';
import { type BootSeen, bootSeenSchema } from '../../services/provisioning.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { running, type Story, spec } from '../machines/given.ts';

const MAC = '52:54:00:00:00:04';
const OTHER = '52:54:00:00:00:05';

/** h4 was switched on again and is waited for. */
function rejoining(machine: object = { bootOrder: 'disk-first' }): Story {
  const s = running(
    spec(
      { h1: {}, h2: {}, h3: {}, h4: { machine: { macs: [MAC], disk: { serial: 's4' }, ...machine } } },
      {},
      {
        voters: ['h1', 'h2', 'h3'],
        hostLadder: { powerCycle: { tries: 2, backoffMs: 0 }, reinstall: 'allowed', rejoinWithinMs: 60_000 },
        provisioning: { network: '10.0.0.0/24', image: 'host', imageKeys: {} },
      },
    ),
  );
  s.suspect('h4');
  s.prove('h4');
  s.outcome('succeeded', 'power-on', 'host/h4');
  return s;
}

function node(s: Story) {
  const told: BootSeen[] = [];
  const answers: (() => void)[] = [];
  const bus: Pick<Bus, 'request'> = {
    request(address, message) {
      expect(address).toBe('provision.h2');
      told.push(bootSeenSchema.parse(message));
      return new Promise((resolve) => answers.push(() => resolve(null)));
    },
  };
  let asks = (_mac: string) => {};
  const netBoot = {
    arm() {},
    onIgnored(listener: (mac: string) => void) {
      asks = listener;
      return () => {};
    },
  };
  followNetBoot('h2', { fleet: () => s.fleet, onEntry: () => () => {} }, netBoot, bus);
  return { told, asks: (mac: string) => asks(mac), answer: () => answers.shift()?.() };
}

function leader(s: Story) {
  const pen = {
    write: async (decide: (fleet: Story['fleet']) => readonly Parameters<Story['write']>[0][]) => {
      const drafts = decide(s.fleet);
      for (const draft of drafts) s.write(draft);
      return drafts.length > 0 ? s.fleet.seq : null;
    },
  };
  return createBootWatch(pen as never, () => s.fleet, createScheduler().clock());
}

test('a host that is waited for and boots from its disk first is told of, once at a time', async () => {
  const n = node(rejoining());
  n.asks(MAC);
  n.asks(MAC);
  expect(n.told).toMatchObject([{ from: 'h2', mac: MAC }]);
  n.answer();
  await new Promise(setImmediate);
  n.asks(MAC);
  expect(n.told).toHaveLength(2);
});

test.each<[string, () => Story, string]>([
  ['a MAC that nobody knows', () => rejoining(), OTHER],
  ['a host that may try the network first', () => rejoining({}), MAC],
  [
    'a host that is in service',
    () => {
      const s = rejoining();
      s.join('h4', 2);
      return s;
    },
    MAC,
  ],
])('%s: nothing', (_what, made, mac) => {
  const n = node(made());
  n.asks(mac);
  expect(n.told).toEqual([]);
});

test('what three nodes saw of one start counts once, and of the next one again', async () => {
  const s = rejoining();
  const { told, asks, answer } = node(s);
  asks(MAC);
  answer();
  const seen = told[0]!;
  const boots = leader(s);
  expect(await boots.take(seen)).toMatchObject({ kind: 'ok' });
  expect(s.host('h4').state).toBe('restarting');
  expect(await boots.take({ ...seen, from: 'h3' })).toMatchObject({ kind: 'refused' });
  s.outcome('succeeded', 'power-on', 'host/h4');
  expect(s.host('h4').state).toBe('rejoining');
  // Late, of the start before.
  expect(await boots.take({ ...seen, from: 'h1' })).toMatchObject({ kind: 'refused' });
  expect(s.host('h4').state).toBe('rejoining');
  asks(MAC);
  expect(await boots.take(told[1]!)).toMatchObject({ kind: 'ok' });
  expect(s.host('h4').state).toBe('reinstalling');
});
