/** What a person on call reads. */
import { expect, test } from 'vitest';
import { explain, explainNot } from '../../machines/explain.ts';
import { duration } from '../../machines/sentences.ts';
import { stateHash } from '../../machines/state-hash.ts';
import { running, spec, story } from './given.ts';

const lost = () => {
  const s = running(spec(3, { g3: { prefers: 'h3' } }));
  s.suspect('h3');
  s.prove('h3');
  s.settle();
  return s;
};

test('a guest that moved: the present, then cause after cause down to what was observed', () => {
  const s = lost();
  expect(explain('guest/g3', s.entries, s.fleet)).toEqual([
    'g3 is running on h1',
    '12:00:01.100  +300 ms  g3 runs on h1',
    expect.stringMatching(
      /^12:00:01.000 {2}\+200 ms {2}placed g3 on h1: least loaded of h1, h2; h3 excluded: fenced; its former grant is released by R2 \(entry 1\.\d+\)$/,
    ),
    '12:00:00.900  +100 ms  h3 is proven stopped (R2): power read off 2 times, 1.0 s apart (ipmi)',
    '12:00:00.800  +0 ms  h3 has been silent for 1.0 s towards h1',
    'that was observed',
  ]);
});

test('a retry leads through its timer to the crash that armed it', () => {
  const s = running(spec(1, { g1: {} }));
  for (let i = 0; i < 2; i += 1) {
    s.append('guest.crashed', 'guest/g1', {
      ...s.guest('g1').context.grant!,
      cause: 'process-died',
      gone: true,
      detail: `signal ${i}`,
    });
    if (s.fleet.timers['guest/g1/retry']) s.fire('guest/g1/retry');
    s.settle();
  }
  const lines = explain('guest/g1', s.entries, s.fleet).join('\n');
  expect(lines).toMatch(/time is up for guest\/g1\/retry[\s\S]*signal 1[\s\S]*that was observed/);
});

test('a host, the cluster, what is pending, and a log that begins too late', () => {
  const s = lost();
  expect(explain('host/h3', s.entries, s.fleet)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^h3 is restarting: .*its power is being switched on/),
      expect.stringMatching(/^pending: power-on/),
    ]),
  );
  s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'switch work' }, { cause: 'operator' });
  expect(explain('cluster', s.entries, s.fleet).join('\n')).toMatch(
    /h1 leads, epoch 1: frozen by ann: switch work; headroom not yet known[\s\S]*a person ordered it/,
  );
  expect(explain('guest/g3', s.entries.slice(-1), s.fleet).at(-1)).toMatch(/not at hand/);
  expect(explain('guest/g9', s.entries, s.fleet)).toEqual(['there is no guest/g9']);
});

test('why not there: as it was decided, and as it would be decided now', () => {
  const s = lost();
  expect(explainNot('guest/g3', 'h3', s.entries, s.fleet)).toEqual([
    expect.stringMatching(/^when g3 was last placed \(.*\), h3 was excluded: fenced$/),
    'now h3 is excluded: fenced',
    expect.stringMatching(/^h3 is proven stopped: power read off/),
  ]);
  expect(explainNot('guest/g3', 'h2', s.entries, s.fleet)[0]).toMatch(
    /h2 was possible, but h1 was chosen: least loaded of h1, h2/,
  );
  expect(explainNot('guest/g3', 'h1', s.entries, s.fleet)).toEqual(['g3 is on h1: g3 runs on h1']);
  expect(explainNot('guest/g3', 'h9', s.entries, s.fleet)).toEqual(['there is no host h9']);
});

test('why not there, for a guest that runs nowhere', () => {
  const s = story(spec(2, { g1: { resources: { memoryMiB: 9_000, vcpus: 1 } } }));
  s.join('h1');
  s.join('h2');
  s.settle();
  expect(explainNot('guest/g1', 'h2', s.entries, s.fleet)).toEqual([
    expect.stringMatching(/h2 was excluded: needs 9000 MiB, 4096 MiB free/),
    'now h2 is excluded: needs 9000 MiB, 4096 MiB free',
  ]);
});

test('durations as a person says them', () => {
  expect([0, 999, 2_440, 45_200, 720_000, 10_800_000].map(duration)).toEqual([
    '0 ms',
    '999 ms',
    '2.4 s',
    '45 s',
    '12 min',
    '3 h',
  ]);
});

test('the state hash tells two states apart and does not depend on the order of keys', () => {
  const { fleet } = lost();
  const shuffled = {
    ...fleet,
    guests: Object.fromEntries(Object.entries(fleet.guests).reverse()),
    hosts: Object.fromEntries(Object.entries(fleet.hosts).reverse()),
  };
  expect(stateHash(shuffled)).toBe(stateHash(fleet));
  expect(stateHash({ ...fleet, epoch: 2 })).not.toBe(stateHash(fleet));
});
