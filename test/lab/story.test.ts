/** Which stories the lab takes on, under which names, and what a look at it says has changed. Without a lab. */
import { describe, expect, test } from 'vitest';
import { storyFile, storyNames } from '../../drills/run.ts';
import type { LabStatus } from '../../lab/client.ts';
import { FAULTS } from '../../lab/faults.ts';
import { forLab, type LabStory } from '../../lab/stories/able.ts';
import { readStory } from '../../lab/stories/command.ts';
import { createEyes, type Seen } from '../../lab/stories/eyes.ts';
import { labFault } from '../../lab/stories/fault-map.ts';
import { sayFault } from '../../sim/story/say-fault.ts';

const THREE = 'story A story\nhosts h1 h2 h3\nleader h2\nguests g1 g2: on h1\n';
const able = (text: string): LabStory => {
  const told = forLab(text);
  if ('refusals' in told) throw new Error(JSON.stringify(told.refusals));
  return told;
};
const refusals = (text: string) => {
  const told = forLab(text);
  return 'refusals' in told ? told.refusals.map(({ line, what }) => `${line} ${what}`) : [];
};
const calls = (faults: string) => {
  const { story } = able(`${THREE}at 5s ${faults}`);
  return story.steps.flatMap((step) =>
    step.kind === 'faults'
      ? step.faults.map((fault) => (fault.kind === 'order' ? sayFault(fault) : labFault(fault, story.spec)))
      : [],
  );
};

describe('a story that the lab can do', () => {
  test('takes the names of the lab, wherever a name stands', () => {
    const { story, layout, names, stream } = able(`story Two machines and a witness
hosts left right
arbiters witness
leader left
guests shop: on left, only on left and right
guests mail: on right, apart from shop
at 5s cut both ways from left to witness for 3s
when guest.granted of shop: power loss of the host of mail
expect shop runs on right within 9s
expect why shop says "left excluded: fenced"
expect fence.proven of left before guest.granted of shop
at 9s operator at witness: migrate shop to right`);
    expect(layout).toBe('pair');
    expect(Object.fromEntries(names)).toEqual({ left: 'h1', right: 'h2', witness: 'a1', shop: 'g1', mail: 'g2' });
    expect(Object.keys(story.spec.hosts)).toEqual(['h1', 'h2']);
    expect(story.spec.guests.g1).toMatchObject({ prefers: 'h1', hosts: ['h1', 'h2'] });
    expect(story.spec.guests.g2).toMatchObject({ prefers: 'h2', apart: ['g1'] });
    expect([story.leader, ...story.spec.voters].sort()).toEqual(['a1', 'h1', 'h1', 'h2']);
    expect(story.steps).toMatchObject([
      {
        faults: [
          { from: 'h1', to: 'a1' },
          { from: 'a1', to: 'h1' },
        ],
      },
      { moment: { entry: { of: 'g1' } }, faults: [{ node: '@host-of-g2' }] },
      { claim: { guests: ['g1'], hosts: ['h2'] }, words: 'g1 runs on h2 within 9s' },
      { claim: { subject: 'g1', says: 'h1 excluded: fenced' } },
      { claim: { first: { of: 'h1' }, second: { of: 'g1' } } },
      { faults: [{ at: 'a1', order: { guest: 'g1', to: 'h2' } }] },
    ]);
    // Every node is hit; then it is led from where the cluster is.
    expect(stream).toBe('h1');
  });

  test('keeps names that the lab has, in whatever order they come', () => {
    const { story } = able('story A story\nhosts h2 h1 h3\nguests g4: on h2\nat 5s kill g4');
    expect(story.spec.guests.g4?.prefers).toBe('h2');
  });

  test('has its stream led from a node that it leaves alone', () => {
    expect(able(`${THREE}at 5s power loss of h1`).stream).toBe('h2');
    expect(able(`${THREE}at 5s power loss of the leader`).stream).toBe('h1');
    expect(able(`${THREE}at 5s power loss of the leader\nat 9s isolate the host of g1`).stream).toBe('h3');
  });

  test('has its faults carried out by those of the lab', () => {
    expect(calls('power loss of h1 and h2')).toEqual([
      { begin: [['power-loss', 'h1']], end: [['power-on', 'h1']] },
      { begin: [['power-loss', 'h2']], end: [['power-on', 'h2']] },
    ]);
    expect(calls('link of h3 flaps every 2s for 20s')).toEqual([
      { begin: [['cut', 'h3']], end: [['heal', 'h3']], everyMs: 2_000 },
    ]);
    expect(calls('bad network of h1 with 5% loss for 9s')).toEqual([
      { begin: [['loss', 'h1', '5']], end: [['heal', 'h1']] },
    ]);
    expect(calls('the next 5 starts of g1 crash')).toEqual([{ begin: [['crash-loop', 'g1']], end: [] }]);
    expect(calls('operator: freeze because "work"')).toEqual(['operator: freeze because "work"']);
  });

  test('asks for no fault that the lab does not have', () => {
    const names = storyNames().flatMap((name) => {
      try {
        const { story } = readStory(storyFile(name));
        return story.steps.flatMap((step) =>
          step.kind === 'faults' ? step.faults.map((fault) => [fault, story.spec] as const) : [],
        );
      } catch {
        return [];
      }
    });
    const asked = names.flatMap(([fault, spec]) => {
      const how = fault.kind === 'order' ? '' : labFault(fault, spec);
      return typeof how === 'string' ? [] : [...how.begin, ...how.end].map(([name]) => name);
    });
    expect(new Set(asked).size).toBeGreaterThan(12);
    expect(asked.filter((name) => !Object.hasOwn(FAULTS, name))).toEqual([]);
  });
});

describe('a story that the lab cannot do is refused before anything is started', () => {
  test('with every reason and its line', () => {
    expect(
      refusals(`story A large story
hosts h1 to h6
voters h1 h2 h3
profile standard
guests g1 g2: on h1
guests g3 g4 g5: on h2
takes: a start 2s, a host boot 30s
cold start
at 5s the log stalls for 9s
at 6s bmc of h1 lies
when guest.granted: starts on every host fail for 5s
at 9s the next 2 starts of g1 crash
at 9s power loss of h1`),
    ).toEqual([
      '2 this story has 6 hosts; the lab has 3 hosts, or 2 hosts and 1 arbiter',
      '3 in the lab every node votes',
      '4 the watchdogs of the lab count as the profile fast wants it, not standard',
      '6 this story has 5 guests, the lab 4',
      '7 in the lab everything but a host boot takes as long as it takes',
      '8 the machines of the lab are on when a story begins',
      "9 the lab's stream cannot be made to stall",
      '10 a BMC of the lab is alive or dead; none lies',
      '11 the lab has no host on which starts fail or stay unanswered',
      '12 in the lab g1 crashes at every start; say at least 5, all that its ladder tries',
    ]);
  });

  test('and a person is told where it can be run', () => {
    const told = () => readStory(storyFile('log-fork'));
    expect(told).toThrow(/log-fork\.story:\d+: the lab's stream loses no entry/);
    expect(told).toThrow(expect.objectContaining({ code: 'STORY_NOT_FOR_LAB', exit: 4 }));
    expect(told).toThrow(expect.objectContaining({ todo: expect.stringContaining('npm run drills -- log-fork') }));
    expect(() => readStory('/nowhere.story')).toThrow(expect.objectContaining({ code: 'STORY_UNREADABLE' }));
    expect(() => readStory('package.json')).toThrow(expect.objectContaining({ code: 'STORY_INVALID' }));
  });
});

describe('looks at the lab', () => {
  const status = (off: readonly string[] = [], reset = '') =>
    ({
      nodes: ['h1', 'h2'].map((name) => ({
        name,
        power: off.includes(name) ? 'off' : 'on',
        why: 'no power',
        resets: name === reset ? 1 : 0,
      })),
    }) as unknown as LabStatus;
  const runs = (host: string, pid: number, more: Partial<Seen> = {}): Seen => ({
    guest: 'g1',
    host,
    pid,
    state: 'running',
    writes: more.state !== 'paused',
    incoming: false,
    ...more,
  });
  const told = (looks: readonly (readonly Seen[])[]) => {
    const eyes = createEyes();
    return looks.map((seen) =>
      eyes
        .look(status(), seen)
        .map((change) => `${change.kind}${'on' in change ? ` ${change.on}` : ''} ${change.host}`),
    );
  };

  test('a guest that was killed and started between two looks was down', () => {
    expect(told([[runs('h1', 1)], [runs('h1', 2)], [runs('h1', 2)]])).toEqual([
      ['started h1', 'writer true h1'],
      ['writer false h1', 'started h1'],
      ['writer true h1'],
    ]);
  });

  test('a guest that moves alive is handed over in one moment, and starts nowhere', () => {
    const target = { incoming: true } as const;
    expect(
      told([
        [runs('h1', 1)],
        [runs('h1', 1), runs('h2', 2, { ...target, state: 'paused' })],
        [runs('h1', 1, { state: 'paused' }), runs('h2', 2, { ...target, state: 'paused' })],
        [runs('h2', 2, target)],
      ]).slice(1),
    ).toEqual([[], [], ['writer false h1', 'writer true h2']]);
  });

  test('two instances that can write are both told of', () => {
    expect(told([[runs('h1', 1)], [runs('h1', 1), runs('h2', 2)]])[1]).toEqual(['started h2', 'writer true h2']);
  });

  test('a reset is told of, though its host is on before and after', () => {
    const eyes = createEyes();
    eyes.look(status(), []);
    expect(eyes.look(status([], 'h2'), [])).toMatchObject([
      { kind: 'power', host: 'h2', on: false, why: 'its watchdog was not petted' },
      { kind: 'power', host: 'h2', on: true },
    ]);
    expect(eyes.look(status([], 'h2'), [])).toEqual([]);
  });

  test('what ends is told before what begins', () => {
    const eyes = createEyes();
    eyes.look(status(['h2']), [runs('h1', 1)]);
    expect(eyes.look(status(['h1']), [runs('h2', 2)]).map(({ kind, host }) => `${kind} ${host}`)).toEqual([
      'writer h1',
      'power h1',
      'started h2',
      'writer h2',
      'power h2',
    ]);
  });
});
