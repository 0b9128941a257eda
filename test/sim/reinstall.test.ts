import { expect, test } from 'vitest';
import { PROFILES } from '../../machines/times.ts';
import { threeHosts, world } from './world.ts';

const power = [{ kind: 'ipmi', address: 'bmc', user: 'u', passwordFile: '/x', readingsApartMs: 100 }];
const host = { capacity: { memoryMiB: 8_192, vcpus: 8 }, watchdog: { kind: 'process', socket: '/x' }, power };
const MANIFEST = 'a'.repeat(64);

const fourHosts = (provisioning: object = {}) =>
  threeHosts({
    times: PROFILES.fast,
    hosts: {
      h1: { ...host, address: '10.0.0.1' },
      h2: { ...host, address: '10.0.0.2' },
      h3: { ...host, address: '10.0.0.3' },
      h4: {
        ...host,
        address: '10.0.0.4',
        machine: { macs: ['52:54:00:00:00:04'], disk: { serial: 'disk-h4' } },
      },
    },
    hostLadder: { powerCycle: { tries: 1 }, reinstall: 'allowed', rejoinWithinMs: 60_000 },
    provisioning: { network: '10.0.0.0/24', image: 'host', imageKeys: {}, bootWithinMs: 60_000, ...provisioning },
  });

test('a host that does not come back is installed anew, tested, and gets guests again', async () => {
  const w = await world(fourHosts());
  await w.advance(20_000, () => w.leader() !== null);
  await w.advance(5_000);
  void w.order({ kind: 'publish-image', name: 'host', version: 1, manifest: MANIFEST, by: 'ann' });
  await w.advance(1_000);
  w.inject({ kind: 'disk-ruined', node: 'h4' });
  w.inject({ kind: 'power-loss', node: 'h4' });
  await w.advance(300_000, () => w.leader()?.controller()?.fleet().jobs.h4?.state === 'accepted');
  await w.advance(30_000);
  expect(w.errors).toEqual([]);
  const { hosts, jobs, reinstalls } = w.leader()!.controller()!.fleet();
  expect(hosts.h4!.state).toBe('running');
  expect(hosts.h4!.context.untested).toBeNull();
  expect(jobs.h4!.context.attempt).toBe(1);
  expect(reinstalls).toHaveLength(1);
  // The secret itself is nowhere in the log.
  const log = JSON.stringify(w.entries());
  const given = w.entries().filter(({ entry }) => entry.type === 'reinstall.ticketed');
  expect(given).toHaveLength(1);
  expect(log.match(/reinstall\.committed/g)).toHaveLength(1);
});
