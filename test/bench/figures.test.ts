import { describe, expect, test } from 'vitest';
import { type Figure, isMet, median, quantile } from '../../bench/figures.ts';
import { type Report, table } from '../../bench/render.ts';
import { fleetSpec, storyOf } from '../../bench/story.ts';
import { emptyFleet } from '../../machines/fleet.ts';
import { fold } from '../../machines/fold.ts';

describe('a figure', () => {
  test('is the sample of its rank, whatever the order of the samples', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(quantile([...Array(100).keys()].reverse(), 0.99)).toBe(99);
    expect(quantile([7], 0.99)).toBe(7);
  });

  test('of nothing is an error, not zero', () => {
    expect(() => median([])).toThrow('nothing was measured');
  });

  const figure = (value: number, target: Figure['target']): Figure => ({
    name: 'f',
    value,
    unit: 'ms',
    target,
    about: 'how',
  });

  test('meets its target from the right side', () => {
    expect(isMet(figure(3, { atMost: 3 }))).toBe(true);
    expect(isMet(figure(3.1, { atMost: 3 }))).toBe(false);
    expect(isMet(figure(3, { atLeast: 3 }))).toBe(true);
    expect(isMet(figure(2.9, { atLeast: 3 }))).toBe(false);
    expect(isMet(figure(1, null))).toBeNull();
  });

  test('is shown with its unit, its target and what was measured; a busy machine is said', () => {
    const machine = { cpu: 'c', cores: 2, memoryMiB: 1, kernel: 'k', node: 'v24', loadBefore: 3 };
    const report: Report = {
      machine,
      results: [{ measurement: 'm', tookMs: 1_234, figures: [figure(12_345.6, { atMost: 20 })] }],
    };
    expect(table(report)).toContain('12,346 ms  missed ≤ 20.0\n    how');
    expect(table(report)).toContain('The machine was busy');
    expect(table({ ...report, machine: { ...machine, loadBefore: 0.2 } })).not.toContain('busy');
  });
});

test('the log that is folded is one in which hosts are lost and every guest runs again', () => {
  const entries = storyOf(fleetSpec(4, 8), 600);
  const types = new Set(entries.map(({ entry }) => entry.type));
  expect([...types].sort()).toEqual([
    'cluster.configured',
    'fence.proven',
    'guest.crashed',
    'guest.granted',
    'host.joined',
    'host.suspected',
    'leader.elected',
    'power-on.succeeded',
    'start.succeeded',
  ]);
  const fleet = fold(emptyFleet, entries);
  expect(Object.values(fleet.guests).map(({ state }) => state)).toEqual(Array(8).fill('running'));
});
