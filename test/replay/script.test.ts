/** What a log tells of the world is what happened there. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet } from '../../machines/fleet.ts';
import { apply } from '../../machines/fold.ts';
import { faultSchema, type TimedFault } from '../../sim/faults.ts';
import { type Script, scriptOf } from '../../sim/replay/script.ts';
import { realOutcome } from '../../sim/replay/what-if.ts';
import { WALL_START_MS } from '../../sim/scheduler.ts';
import { drawFrom, nextEntry } from '../machines/chaos.ts';
import { FAULTS, logOf, MODEL } from './make-log.ts';

const parse = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Stored);
const shopLog = parse(
  readFileSync(new URL('shop.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n'),
);
const told = ({ happenings }: Script) => happenings.map(({ fault }) => fault);
const ago = (atMs: number) => atMs - WALL_START_MS;

test('each fault of the log, and when it began, as close as one heartbeat', () => {
  const script = scriptOf(shopLog)!;
  expect(script.happenings.map(({ fault }) => fault.kind)).toEqual(['power-loss', 'kill-guest', 'bmc', 'isolate']);
  const began = (kind: string) => script.happenings.find(({ fault }) => fault.kind === kind)!;
  for (const { atMs, fault } of FAULTS.filter(({ fault }) => fault.kind !== 'bmc')) {
    const { atMs: toldMs, spreadMs, fault: found } = began(fault.kind);
    expect(found).toMatchObject('node' in fault ? { node: fault.node } : { guest: 'mail' });
    expect(Math.abs(ago(toldMs) + spreadMs / 2 - atMs)).toBeLessThan(250);
  }
  // It came back by itself when the cut was over, though it had been proven stopped.
  const { fault } = began('isolate');
  expect(Math.abs(('forMs' in fault ? fault.forMs! : 0) - 30_000)).toBeLessThan(500);
  expect(script.ready).toMatchObject({ leader: 'h1', guests: ['web', 'db', 'mail', 'ci'] });
});

test('how long things took is within what they really took', () => {
  const { model } = scriptOf(shopLog)!.durations;
  const [least, most] = model.startMs!;
  // An append, two hops and libvirt's own word come on top of the start itself.
  expect(least).toBeGreaterThanOrEqual(MODEL.startMs![0]);
  expect(most).toBeLessThan(MODEL.startMs![1] + 50);
  expect(model.hostBootMs![0]).toBeGreaterThan(17_500);
  expect(model.hostBootMs![1]).toBeLessThan(22_500);
});

const order = (given: object) => ({ kind: 'order', order: { by: 'ann', ...given } }) as TimedFault['fault'];

test.each<[string, readonly TimedFault[], readonly object[]]>([
  [
    'the control network of all hosts',
    [{ atMs: 20_000, fault: { kind: 'control-network-down', forMs: 20_000 } }],
    ['h1', 'h2', 'h3'].map((node) => ({ kind: 'isolate', node })),
  ],
  [
    'a daemon that stands still while its machine lives',
    [{ atMs: 20_000, fault: { kind: 'pause-daemon', node: 'h3', forMs: 60_000 } }],
    [{ kind: 'pause-daemon', node: 'h3' }],
  ],
  [
    'a guest that crashes after each start',
    [{ atMs: 20_000, fault: { kind: 'crash-loop', guest: 'web', times: 1 } }],
    [{ kind: 'crash-loop', guest: 'web', times: 1 }],
  ],
  [
    'libvirt in trouble',
    [{ atMs: 20_000, fault: { kind: 'libvirt', node: 'h1', mode: 'down', forMs: 5_000 } }],
    [{ kind: 'libvirt', node: 'h1' }],
  ],
  [
    'orders of people, and nothing that followed from them',
    [
      { atMs: 20_000, fault: order({ kind: 'maintenance', host: 'h1', on: true }) },
      { atMs: 25_000, fault: order({ kind: 'migrate', guest: 'web', to: 'h2' }) },
      { atMs: 30_000, fault: order({ kind: 'set-desired', guest: 'ci', desired: 'stopped' }) },
      { atMs: 35_000, fault: order({ kind: 'freeze', reason: 'works' }) },
      { atMs: 40_000, fault: order({ kind: 'thaw' }) },
    ],
    ['maintenance', 'migrate', 'set-desired', 'freeze', 'thaw'].map((kind) => ({ order: { kind, by: 'ann' } })),
  ],
  [
    'a host that a person had fenced: its power was cut by us, nothing befell it',
    [{ atMs: 20_000, fault: order({ kind: 'fence', host: 'h1', reason: 'smells burnt' }) }],
    [{ order: { kind: 'fence', host: 'h1' } }],
  ],
])('%s', async (_name, faults, expected) => {
  const script = scriptOf(parse(await logOf(faults, 90_000)))!;
  const sorted = (all: readonly object[]) =>
    all
      .map((one) => JSON.stringify(one))
      .sort()
      .map((one) => JSON.parse(one) as object);
  expect(sorted(told(script))).toMatchObject(sorted(expected));
});

test('the power of everything, lost at once though nobody was left to see it', async () => {
  const faults = ['h1', 'h2', 'h3'].map(
    (node): TimedFault => ({ atMs: 20_000, fault: { kind: 'power-loss', node, forMs: 30_000 } }),
  );
  const { happenings } = scriptOf(parse(await logOf(faults, 120_000)))!;
  const lost = happenings.flatMap(({ fault, atMs }) =>
    fault.kind === 'power-loss' ? [{ node: fault.node, atMs }] : [],
  );
  expect(lost.map(({ node }) => node).sort()).toEqual(['h1', 'h2', 'h3']);
  expect(new Set(lost.map(({ atMs }) => atMs)).size).toBe(1);
});

test('a log without a cluster file tells nothing that could be played', () => {
  expect(scriptOf(shopLog.slice(0, 1))).toBeNull();
});

test('whatever a log holds, it tells a story that can be played, within its own time', () => {
  let toldAnything = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const draw = drawFrom(seed);
    const entries: Stored[] = [];
    let fleet = emptyFleet;
    for (let i = 0; i < 120; i++) {
      entries.push(nextEntry(fleet, draw));
      fleet = apply(fleet, entries.at(-1)!);
    }
    const script = scriptOf(entries);
    if (!script) continue;
    toldAnything += script.happenings.length;
    for (const { fault, atMs } of script.happenings) {
      expect(faultSchema.safeParse(fault).error).toBeUndefined();
      expect(Number.isFinite(atMs) && atMs <= script.endMs).toBe(true);
    }
    realOutcome(entries, script);
  }
  expect(toldAnything).toBeGreaterThan(150);
});
