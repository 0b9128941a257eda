import { beforeEach, describe, expect, test } from 'vitest';
import { createDowntime, type Downtime } from '../../sim/years/downtime.ts';

let nowMs: number;
let downtime: Downtime;
const writer = (host: string, on: boolean) =>
  downtime.hear({ atMs: nowMs, kind: 'writer', guest: 'g1', host, on, token: '1.1' });
const started = (host: string) => {
  writer(host, true);
  downtime.hear({ atMs: nowMs, kind: 'started', guest: 'g1', host, token: '1.1' });
};

beforeEach(() => {
  nowMs = 0;
  downtime = createDowntime(['g1'], 20_000, () => nowMs);
  writer('h1', true);
});

describe('downtime of a guest', () => {
  test('ends when it has booted, even after the last event', () => {
    nowMs = 1_000;
    writer('h1', false);
    nowMs = 5_000;
    started('h2');
    expect(downtime.finish()).toEqual([{ guest: 'g1', fromMs: 1_000, toMs: 25_000 }]);
  });

  test('goes on when it is lost again before it has booted', () => {
    nowMs = 1_000;
    writer('h1', false);
    nowMs = 5_000;
    started('h2');
    nowMs = 15_000;
    writer('h2', false);
    nowMs = 16_000;
    started('h1');
    expect(downtime.finish()).toEqual([{ guest: 'g1', fromMs: 1_000, toMs: 36_000 }]);
  });

  test('a pause is as long as it is: nothing boots', () => {
    nowMs = 1_000;
    writer('h1', false);
    nowMs = 4_000;
    writer('h1', true);
    expect(downtime.finish()).toEqual([{ guest: 'g1', fromMs: 1_000, toMs: 4_000 }]);
  });

  test('a live migration is none', () => {
    writer('h1', false);
    writer('h2', true);
    expect(downtime.finish()).toEqual([]);
  });

  test('one that hangs is down though it runs, also over a pause, until it is started again', () => {
    nowMs = 1_000;
    downtime.hang('g1');
    writer('h1', false);
    nowMs = 2_000;
    writer('h1', true);
    expect(downtime.down()).toEqual(['g1']);
    nowMs = 9_000;
    writer('h1', false);
    started('h1');
    expect(downtime.finish()).toEqual([{ guest: 'g1', fromMs: 1_000, toMs: 29_000 }]);
  });

  test('two writers at once are told', () => {
    writer('h2', true);
    expect(downtime.doubles).toEqual(['g1 on h1 and h2']);
  });
});
