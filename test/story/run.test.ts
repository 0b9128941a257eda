import { describe, expect, test } from 'vitest';
import { createSimulation } from '../../sim/create.ts';
import type { Fault } from '../../sim/faults.ts';
import type { SimNode, Simulation, WorldEvent } from '../../sim/simulation.ts';
import { parseStory } from '../../sim/story/parse.ts';
import { play, runStory } from '../../sim/story/run.ts';

const POWER_LOSS = `story A host loses its power
hosts h1 h2 h3
leader h2
guests g1: on h1
guests g2: on h2
at 5s power loss of h1
`;
const tell = (text: string, seed?: number) => runStory(parseStory(text), createSimulation, seed);
const problemsOf = async (expectations: string) =>
  (await tell(`${POWER_LOSS}${expectations}`)).problems.map(({ line, what }) => `${line} ${what}`);

describe('a story', () => {
  test('passes when all that it expects comes true, and tells what happened', async () => {
    const { passed, transcript } = await tell(`${POWER_LOSS}expect g1 runs on h3 or h2 again within 5s
expect 1 start for 5s
expect g2 runs without a break
expect h1 is off`);
    expect(passed).toBe(true);
    const told = transcript.split('\n').filter((line) => /fault|world|fence|granted/.test(line));
    expect(told.map((line) => line.replace(/^ +[\d.]+ +/, '').slice(0, 52))).toEqual([
      'fault   power loss of h1',
      'world   g1 is gone from h1',
      'world   h1 is off: no power',
      expect.stringMatching(/^log +\d+ fence.proven: h1 is proven stopped \(R2\)/),
      expect.stringMatching(/^log +\d+ guest.granted: placed g1 on/),
      expect.stringMatching(/^world {3}g1 runs on h/),
    ]);
  });

  test('fails with the line and with what is seen instead', async () => {
    const problems = await problemsOf(`expect g1 runs on h1 within 3s
expect nothing starts for 10s
expect g1 is down for at most 1s
expect h1 is maintenance
expect 2 fences
expect why g1 says "a storm"
expect h1 leads
expect start.succeeded of g1 before fence.proven of h1
expect g2 runs again within 5s`);
    expect(problems.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))).toEqual([
      expect.stringMatching(/^7 g1 runs on h1 within 3s: g1 runs/),
      '8 nothing starts for 10s: there were 1',
      expect.stringMatching(/^9 g1 is down for at most 1s: g1 was down for \d+ms/),
      expect.stringMatching(/^10 h1 is maintenance: h1 is (restarting|rejoining)/),
      '11 2 fences: there were 1',
      expect.stringContaining('12 why g1 says "a storm": it says: g1 is running on'),
      '13 h1 leads: h2 leads',
      '14 start.succeeded of g1 before fence.proven of h1: fence.proven came first',
      '15 g2 runs again within 5s: it was so all the time',
    ]);
  });

  test('fails when the moment of a fault never comes', async () => {
    expect(await problemsOf('when brake.applied: power loss of h2\nexpect no fence within 1s')).toEqual([
      '7 its moment never came',
      '8 no fence within 1s: the fault before it never came',
    ]);
  });

  test('is told alike, byte for byte, on each run of the same seed, and otherwise with another', async () => {
    const [one, same, other] = [await tell(POWER_LOSS, 7), await tell(POWER_LOSS, 7), await tell(POWER_LOSS, 8)];
    expect(same.transcript).toBe(one.transcript);
    expect(other.transcript).not.toBe(one.transcript);
  });
});

/** A world that does nothing but what `pass` says when time passes. */
function emptyWorld(
  spec: Simulation['spec'],
  pass: (nowMs: number, tell: (event: WorldEvent) => void) => void,
  inject: (fault: Fault) => void = () => {},
): Simulation {
  const listeners: ((event: WorldEvent) => void)[] = [];
  let nowMs = 0;
  return {
    spec,
    nodes: {} as Record<string, SimNode>,
    now: () => nowMs,
    async advance(forMs) {
      nowMs += forMs;
      pass(nowMs, (event) => {
        for (const listener of listeners) listener(event);
      });
    },
    inject,
    order: async () => 'accepted',
    entries: () => [],
    leader: () => null,
    writers: () => [],
    observe(listener) {
      listeners.push(listener);
      return () => false;
    },
    async stop() {},
  };
}

test('two writers at once fail every story, whatever it expects', async () => {
  const story = parseStory('story Nothing is expected\nhosts h1 h2 h3\nguests g1\ncold start\nuntil 3s');
  const { problems } = await runStory(story, async (spec) =>
    emptyWorld(spec, (atMs, tell) => {
      if (atMs !== 1_000) return;
      for (const host of ['h1', 'h2']) tell({ kind: 'writer', atMs, guest: 'g1', host, on: true, token: '1.1' });
    }),
  );
  expect(problems).toEqual([{ line: 1, what: 'at 1000 ms g1 could be written by h1 and h2 at once' }]);
});

test('a fault aimed at an entry comes while the entry is being stored, before anything else can happen', async () => {
  const story = parseStory('story Aimed\nhosts h1 h2 h3\ncold start\nwhen the 2nd cluster.thawed: power loss of h1');
  const course: string[] = [];
  const thawed = (seq: number): WorldEvent => ({
    kind: 'entry',
    atMs: 1_000,
    stored: {
      seq,
      hash: `${seq}`,
      entry: {
        specversion: '1.0',
        id: `1.${seq}`,
        type: 'cluster.thawed',
        source: 'h1',
        subject: 'cluster',
        time: '2026-01-01T00:00:00.000Z',
        epoch: 1,
        cause: 'operator',
        prevhash: '',
        data: { by: 'operator' },
      },
    },
  });
  const { passed } = await runStory(story, async (spec) =>
    emptyWorld(
      spec,
      (atMs, tell) => {
        if (atMs !== 1_000) return;
        for (const seq of [1, 2, 3]) {
          tell(thawed(seq));
          course.push(`entry ${seq}`);
        }
      },
      ({ kind }) => course.push(kind),
    ),
  );
  expect(passed).toBe(true);
  expect(course).toEqual(['entry 1', 'power-loss', 'entry 2', 'entry 3']);
});

describe('in a world that is slower than the model', () => {
  const late = async (expectations: string, allowanceMs: number) => {
    const story = parseStory(`${POWER_LOSS}${expectations}`);
    const sim = await createSimulation(story.spec, { seed: 1 });
    const { problems, transcript } = await play(story, sim, { heading: 'late', allowanceMs });
    await sim.stop();
    return { problems: problems.map(({ line, what }) => `${line} ${what}`), transcript };
  };

  test('what comes about within the allowance is in time, and said to be late', async () => {
    const text = `expect g1 runs on h2 or h3 again within 500ms
expect g1 is down for at most 600ms
at 5500ms expect g1 runs
expect 1 start for 800ms`;
    expect((await late(text, 0)).problems).toHaveLength(4);
    const { problems, transcript } = await late(text, 5_000);
    expect(problems).toEqual([]);
    expect(transcript).toMatch(/again within 500ms: yes, after 1\.\d s, by the allowance/);
  });

  test('a fault waits for what is expected before it, no longer than the allowance', async () => {
    const text = 'expect h1 is off\nexpect 1 fence\nat 5500ms kill g2';
    expect((await late(text, 0)).problems).toEqual(['8 1 fence: there were 0']);
    const { problems, transcript } = await late(text, 5_000);
    expect(problems).toEqual([]);
    expect(Number(/([\d.]+) {2}fault {3}kill g2/.exec(transcript)?.[1])).toBeGreaterThan(6);
    expect((await late('expect 2 fences\nat 5500ms kill g2', 1_000)).transcript).toMatch(/ 6\.5 {2}fault {3}kill g2/);
  });

  test('what must not happen, or must hold all the time, has no allowance', async () => {
    const { problems } = await late('expect nothing starts for 10s\nexpect g1 runs for 3s', 5_000);
    expect(problems).toEqual(['8 g1 runs for 3s: g1 runs nowhere', '7 nothing starts for 10s: there were 1']);
  });
});
