import { describe, expect, test } from 'vitest';
import { APART_MS, domainsOf, storiesOf, storyOf } from '../../sim/years/incidents.ts';
import { KIND_NAMES, RATES, type Rates } from '../../sim/years/rates.ts';
import { cluster, HOUR } from './cluster.ts';

const only = (kind: string, perYear: number): Rates => ({
  ...RATES,
  kinds: Object.fromEntries(
    KIND_NAMES.map((name) => [name, { ...RATES.kinds[name], perYear: name === kind ? perYear : 0 }]),
  ) as Rates['kinds'],
});

describe('what fails in N years', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(storiesOf(cluster(), RATES, 1, 5)).toEqual(storiesOf(cluster(), RATES, 1, 5));
    expect(storiesOf(cluster(), RATES, 2, 5)).not.toEqual(storiesOf(cluster(), RATES, 1, 5));
  });

  test('begins as fewer years do, so that a story keeps its seed', () => {
    const five = storiesOf(cluster(), RATES, 1, 5);
    expect(storiesOf(cluster(), RATES, 1, 20).slice(0, five.length)).toEqual(five);
    expect(storyOf(cluster(), RATES, five[40]!.seed)).toEqual(five[40]);
  });

  test('does not depend on power control, watchdogs or the profile, so that a change meets the same incidents', () => {
    const bare = cluster({ power: [], watchdog: { kind: 'none' } }, { profile: 'standard' });
    expect(storiesOf(bare, RATES, 1, 5)).toEqual(storiesOf(cluster(), RATES, 1, 5));
  });

  test('is as often as the rates say', () => {
    const stories = storiesOf(cluster(), only('kernel-panic', 2), 1, 1_000);
    const panics = stories.flatMap(({ incidents }) => incidents).length;
    expect(panics / (3 * 1_000)).toBeCloseTo(2, 1);
  });

  test('is one story as long as one thing is not repaired, or hardly, when the next comes', () => {
    for (const { incidents } of storiesOf(cluster(), RATES, 3, 50)) {
      let endMs = 0;
      for (const { kind, atMs, lastsMs } of incidents.filter((one) => one.kind !== 'bmc-dead')) {
        expect(atMs, kind).toBeLessThanOrEqual(endMs + APART_MS);
        endMs = Math.max(endMs, atMs + lastsMs);
      }
    }
  });

  test('a dead BMC makes no story, and is in every story that it overlaps', () => {
    const rates = only('kernel-panic', 12);
    const both = {
      ...rates,
      kinds: { ...rates.kinds, 'bmc-dead': { perYear: 50, lastsMs: [40 * HOUR, 48 * HOUR] as const } },
    };
    const stories = storiesOf(cluster(), both, 1, 10);
    expect(stories.every(({ incidents }) => incidents.some(({ kind }) => kind === 'kernel-panic'))).toBe(true);
    expect(stories.filter(({ incidents }) => incidents.some(({ kind }) => kind === 'bmc-dead')).length).toBeGreaterThan(
      50,
    );
  });

  test('failure domains of one node are the node itself', () => {
    const spec = cluster();
    expect([...domainsOf(spec)]).toEqual([]);
    for (const name of ['h1', 'h2']) spec.hosts[name]!.domain = 'rack-1';
    spec.hosts.h3!.domain = 'rack-2';
    expect([...domainsOf(spec)]).toEqual([['rack-1', ['h1', 'h2']]]);
  });
});
