/** How long the whole plan of a large cluster takes. */

import type { Draft, Entry, Stored } from '../machines/entries.ts';
import { emptyFleet, type Fleet, GENESIS_HASH } from '../machines/fleet.ts';
import { fold } from '../machines/fold.ts';
import { type PlaceRequest, place } from '../machines/placement.ts';
import { type Measurement, median, timed } from './figures.ts';
import { fleetSpec } from './story.ts';

const HOSTS = 256;
const GUESTS = 1_000;
const ROUNDS = 9;

export const placement: Measurement = {
  name: 'placement',
  async run() {
    const fleet = joined();
    const requests = Object.keys(fleet.guests).map(
      (guest): PlaceRequest => ({ type: 'place', guest, purpose: 'first-start', avoid: [], prefer: null }),
    );
    const homeless = place(fleet, requests).filter(({ host }) => host === null);
    if (homeless.length > 0) throw new Error(`no host for ${homeless[0]!.guest}: ${homeless[0]!.why}`);
    return [
      {
        name: `plan for ${GUESTS} guests on ${HOSTS} hosts`,
        value: median(Array.from({ length: ROUNDS }, () => timed(() => place(fleet, requests)))),
        unit: 'ms',
        target: { atMost: 20 },
        about: `machines/placement.ts place(), one batch; every fourth guest apart from its neighbour, every tenth together with one; median of ${ROUNDS}`,
      },
    ];
  },
};

/** All hosts in service, nothing placed yet. */
function joined(): Fleet {
  const spec = fleetSpec(HOSTS, GUESTS, (i) => ({
    priority: i % 7,
    ...(i % 4 === 1 && { apart: [`g${i}`] }),
    ...(i % 10 === 9 && { together: [`g${i - 3}`] }),
  }));
  const drafts: Draft[] = [
    { type: 'leader.elected', subject: 'cluster', cause: 'observation', data: { node: 'h1' } },
    { type: 'cluster.configured', subject: 'cluster', cause: 'observation', data: { digest: 'd', spec } },
    ...Object.keys(spec.hosts).map(
      (host): Draft => ({
        type: 'host.joined',
        subject: `host/${host}`,
        cause: 'observation',
        data: { incarnation: { bootId: 'b', counter: 1 }, selfFencing: true, watchdog: 'device', instances: [] },
      }),
    ),
  ];
  const entries = drafts.map((draft, i): Stored => {
    const envelope = { specversion: '1.0', id: `1.${i + 1}`, source: 'h1', epoch: 1, prevhash: GENESIS_HASH } as const;
    return {
      seq: i + 1,
      hash: GENESIS_HASH,
      entry: { ...envelope, time: '2026-01-01T00:00:00.000Z', ...draft } as Entry,
    };
  });
  return fold(emptyFleet, entries);
}
