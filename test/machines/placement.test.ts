/** Where guests go, and why not elsewhere. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admissionRefusal, headroom } from '../../machines/admission.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { type PlaceRequest, place } from '../../machines/placement.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { drawFrom } from './chaos.ts';
import { running, spec, story } from './given.ts';

/** Hosts joined, nothing placed yet. */
function empty(cluster: ClusterSpec): Fleet {
  const s = story(cluster);
  for (const host of Object.keys(cluster.hosts)) s.join(host);
  return s.fleet;
}
const request = (guest: string, more: Partial<PlaceRequest> = {}): PlaceRequest => ({
  type: 'place',
  guest,
  purpose: 'first-start',
  avoid: [],
  prefer: null,
  ...more,
});
const requests = (fleet: Fleet) => Object.keys(fleet.guests).map((guest) => request(guest));
const at = (fleet: Fleet, asked = requests(fleet), loads = {}) =>
  Object.fromEntries(place(fleet, asked, loads).map(({ guest, host }) => [guest, host]));

describe('a host is chosen', () => {
  test('by preference, else the least loaded, counting what the same batch has placed', () => {
    expect(at(empty(spec(3, { g1: {}, g2: {}, g3: {}, g4: { prefers: 'h3' } })))).toEqual({
      g1: 'h1',
      g2: 'h2',
      g3: 'h3',
      g4: 'h3',
    });
  });

  test('by measured load where it is known', () => {
    expect(at(empty(spec(2, { g1: {} })), undefined, { h1: 0.9 })).toEqual({ g1: 'h2' });
  });

  test('and the choice is said in a sentence, refusals included', () => {
    const s = running(spec(3, { g3: { prefers: 'h3' } }));
    s.suspect('h3');
    s.prove('h3');
    const [placed] = place(s.fleet, [request('g3', { purpose: 'relocation' })]);
    expect(placed).toEqual({
      guest: 'g3',
      host: 'h1',
      why: 'least loaded of h1, h2; h3 excluded: fenced',
      refused: [{ host: 'h3', reason: 'fenced' }],
    });
  });

  test('for the more important guest first when room is short', () => {
    const big = { resources: { memoryMiB: 3000, vcpus: 1 } };
    expect(at(empty(spec(1, { a: { ...big, priority: 1 }, b: { ...big, priority: 9 } })))).toEqual({
      a: null,
      b: 'h1',
    });
  });
});

describe('a host is excluded', () => {
  const reasons = (
    cluster: ClusterSpec,
    guest: string,
    more: Partial<PlaceRequest> = {},
    prepare = (_: ReturnType<typeof story>) => {},
  ) => {
    const s = story(cluster);
    for (const host of Object.keys(cluster.hosts)) s.join(host);
    prepare(s);
    return Object.fromEntries(
      place(s.fleet, [request(guest, more)])[0]!.refused.map(({ host, reason }) => [host, reason]),
    );
  };

  test('without the memory, the vCPUs, the storage, or not among its hosts', () => {
    const hosts = {
      h1: { capacity: { memoryMiB: 512, vcpus: 4 }, storage: ['pool'] },
      h2: { capacity: { memoryMiB: 4096, vcpus: 0.5 }, storage: ['pool'] },
      h3: {},
      h4: { storage: ['pool'] },
    };
    expect(reasons(spec(hosts, { g: { storage: ['pool'], hosts: ['h1', 'h2', 'h3'] } }), 'g')).toEqual({
      h1: 'needs 1024 MiB, 512 MiB free',
      h2: 'needs 1 vCPUs, 0.5 free',
      h3: 'cannot reach storage pool',
      h4: 'not among its hosts',
    });
  });

  test('in maintenance, in trouble, suspect, or where the guest failed lately', () => {
    const cluster = spec(5, { g: {} });
    expect(
      reasons(cluster, 'g', { avoid: ['h5'] }, (s) => {
        s.append('maintenance.started', 'host/h1', { by: 'ann' });
        s.append('host.degraded', 'host/h2', { what: 'libvirt', reason: 'no answer' });
        s.suspect('h3');
      }),
    ).toEqual({ h1: 'maintenance', h2: 'libvirt in trouble: no answer', h3: 'suspect', h5: 'it failed there lately' });
  });

  test('by those it must keep apart from, as either of the two says, and by those it belongs with', () => {
    const s = running(
      spec(3, {
        a: { prefers: 'h1' },
        b: { prefers: 'h2', apart: ['g'] },
        g: { apart: ['a'], desired: 'stopped' },
        t: { together: ['b'], desired: 'stopped' },
      }),
    );
    const [g, t] = place(s.fleet, [request('g'), request('t')]);
    expect(g!.refused).toEqual([
      { host: 'h1', reason: 'to be kept apart from a' },
      { host: 'h2', reason: 'to be kept apart from b' },
    ]);
    expect(t).toMatchObject({ host: 'h2', why: expect.stringMatching(/^together with b/) });
  });

  test('by those that belong with a guest it belongs with, even while that one runs nowhere', () => {
    const s = running(
      spec(3, {
        a: { prefers: 'h1' },
        b: { together: ['a', 'c'], desired: 'stopped' },
        c: { prefers: 'h2', desired: 'stopped' },
      }),
    );
    expect(place(s.fleet, [request('c')])[0]).toMatchObject({
      host: 'h1',
      why: expect.stringMatching(/^together with a/),
    });
  });

  test('in place means there or nowhere', () => {
    const s = running(spec(2, { g: { prefers: 'h1' } }));
    s.suspect('h1');
    expect(place(s.fleet, [request('g', { purpose: 'in-place', prefer: 'h1' })])[0]).toMatchObject({
      host: null,
      why: 'only h1 is in question; h1: suspect',
    });
  });
});

test('guests to be kept apart spread over failure domains while they can', () => {
  const hosts = { h1: { domain: 'r1' }, h2: { domain: 'r1' }, h3: { domain: 'r2' }, h4: { domain: 'r2' } };
  const placed = at(empty(spec(hosts, { a: {}, b: { apart: ['a'] }, c: { apart: ['a', 'b'] } })));
  expect(placed).toEqual({ a: 'h1', b: 'h3', c: 'h2' });
});

test('a migrating guest counts on both ends', () => {
  const s = running(
    spec(
      { h1: {}, h2: { capacity: { memoryMiB: 1024, vcpus: 1 } } },
      { g: { prefers: 'h1' }, other: { prefers: 'h1', desired: 'stopped' } },
    ),
  );
  s.append('guest.migration-requested', 'guest/g', { to: 'h2', by: 'ann' });
  s.placeAll();
  expect(s.guest('g').state).toBe('migrating');
  expect(place(s.fleet, [request('other')])[0]?.refused).toEqual([
    { host: 'h2', reason: 'needs 1024 MiB, 0 MiB free' },
  ]);
});

describe('whatever the cluster', () => {
  const anyCluster = (seed: number) => {
    const draw = drawFrom(seed);
    const hosts = Object.fromEntries(
      Array.from({ length: 1 + draw.number(8) }, (_, i) => [
        `h${i}`,
        {
          capacity: { memoryMiB: 1024 * (1 + draw.number(8)), vcpus: 1 + draw.number(8) },
          domain: `r${draw.number(3)}`,
          storage: draw.of([[], ['a'], ['a', 'b']]),
        },
      ]),
    );
    const names = Array.from({ length: draw.number(30) }, (_, i) => `g${i}`);
    const guests = Object.fromEntries(
      names.map((name) => [
        name,
        {
          resources: { memoryMiB: 256 * (1 + draw.number(8)), vcpus: 0.1 * (1 + draw.number(20)) },
          priority: draw.number(3),
          storage: draw.of([[], [], ['a'], ['b']]),
          apart: draw.number(3) === 0 ? [draw.of(names)] : [],
          together: draw.number(9) === 0 ? [draw.of(names)] : [],
        },
      ]),
    );
    return spec(hosts, guests);
  };

  test('capacity is never exceeded, storage is reached, those apart stay apart, and the order of asking does not matter', () => {
    let placedAtAll = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (seed) => {
        const cluster = anyCluster(seed);
        const fleet = empty(cluster);
        const placements = place(fleet, requests(fleet));
        expect(place(fleet, requests(fleet).reverse())).toEqual(placements);
        const where = new Map(placements.map(({ guest, host }) => [guest, host]));
        for (const [name, host] of Object.entries(cluster.hosts)) {
          const here = placements.filter((p) => p.host === name).map((p) => cluster.guests[p.guest]!);
          expect(here.reduce((sum, g) => sum + g.resources.memoryMiB, 0)).toBeLessThanOrEqual(host.capacity.memoryMiB);
          expect(here.reduce((sum, g) => sum + g.resources.vcpus, 0)).toBeLessThanOrEqual(host.capacity.vcpus + 1e-9);
          for (const guest of here) for (const pool of guest.storage) expect(host.storage).toContain(pool);
        }
        for (const { guest, host, refused } of placements) {
          if (host === null)
            expect(refused.length, 'every host is accounted for').toBe(Object.keys(cluster.hosts).length);
          else placedAtAll += 1;
          for (const other of cluster.guests[guest]!.apart) {
            if (host !== null && other !== guest)
              expect(where.get(other), `${guest} apart from ${other}`).not.toBe(host);
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(placedAtAll).toBeGreaterThan(1_000);
  });

  test('headroom that is claimed holds: any one host can be lost and every guest is placed again', () => {
    let claimed = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (seed) => {
        const s = running(anyCluster(seed));
        const before = JSON.stringify(s.fleet);
        const { survivable } = headroom(s.fleet);
        expect(JSON.stringify(s.fleet)).toBe(before);
        if (!survivable) return;
        claimed += 1;
        const ran = Object.values(s.fleet.guests).filter(({ state }) => state === 'running').length;
        const lost = Object.keys(s.fleet.hosts)[seed % Object.keys(s.fleet.hosts).length]!;
        s.suspect(lost);
        s.prove(lost);
        s.settle();
        expect(Object.values(s.fleet.guests).filter(({ state }) => state === 'running').length).toBeGreaterThanOrEqual(
          ran,
        );
      }),
      { numRuns: 150 },
    );
    expect(claimed).toBeGreaterThan(0);
  });
});

describe('headroom', () => {
  const gib3 = { resources: { memoryMiB: 3072, vcpus: 1 } };

  test('is there while any one host can be lost, and the sentence says which loss could not be borne', () => {
    expect(headroom(running(spec(3, { a: gib3, b: gib3 })).fleet)).toMatchObject({ survivable: true });
    expect(headroom(running(spec(3, { a: gib3, b: gib3, c: gib3 })).fleet)).toEqual({
      survivable: false,
      why: 'losing h1 would leave no room for a',
    });
  });

  test('counts a whole failure domain', () => {
    const hosts = { h1: { domain: 'r1' }, h2: { domain: 'r1' }, h3: { domain: 'r2' } };
    expect(headroom(running(spec(hosts, { a: gib3, b: { ...gib3, prefers: 'h2' } })).fleet)).toEqual({
      survivable: false,
      why: 'losing failure domain r1 would leave no room for b',
    });
  });

  test('a guest that would end it is refused with the reason', () => {
    const s = running(
      spec(3, { a: { ...gib3, prefers: 'h1' }, b: { ...gib3, prefers: 'h2' }, c: { ...gib3, desired: 'stopped' } }),
    );
    expect(admissionRefusal(s.fleet, 'c', 'h3')).toMatch(/^with c on h3, losing h1 would leave no room for a/);
  });
});
