/** Goal: a machine that a person brings becomes a host with a ticket, once, in time, and only when nothing of ours can be lost by it. */
import { describe, expect, test } from 'vitest';
import { explain } from '../../machines/explain.ts';
import { runnable } from '../../machines/runnable.ts';
import { type Story, spec, story } from './given.ts';

const DIGEST = 'd'.repeat(64);
const provisioning = { network: '10.0.0.0/24', image: 'host', imageKeys: {} };
const machine = { macs: ['02:00:00:00:00:04'], disk: { serial: 'S4' } };
const keys = { agent: 'a', voter: 'v', controller: 'c', node: 'n' };
const offer = { by: 'ann', reason: 'a new machine', key: 'k', withinMs: 900_000 };
const hosts = { h1: {}, h2: {}, h3: {}, h4: { machine } };

/** Three that have joined, and h4 that has not. */
function three(more: object = {}): Story {
  const s = story(spec(hosts, { g1: {} }, { provisioning, ...more }));
  s.elect();
  for (const host of ['h1', 'h2', 'h3']) s.join(host, 1);
  s.settle();
  return s;
}
const of = (s: Story) => ({ job: s.fleet.jobs.h4!.context.job, attempt: s.fleet.jobs.h4!.context.attempt });
const offered = (s: Story) => s.append('join.offered', 'host/h4', offer);
const enrolled = (s: Story) => s.append('host.enrolled', 'host/h4', { ...of(s), keys });
const jobOf = (s: Story) => s.fleet.jobs.h4!;
/** h4 is given up: proven stopped, its power cycles used up. */
function quarantined(s: Story): Story {
  s.join('h4', 7);
  s.suspect('h4');
  s.prove('h4');
  expect(s.host('h4').state).toBe('quarantined');
  return s;
}
const givenUp = () => quarantined(three({ hostLadder: { powerCycle: { tries: 0 } } }));

test('with its ticket a host that was never heard of is enrolled, tested, and only then capacity', () => {
  const s = three();
  const job = offered(s);
  expect(jobOf(s)).toMatchObject({ state: 'offered', context: { job, attempt: 1, mode: 'join', key: 'k' } });
  enrolled(s);
  expect(s.fleet.enrolled.h4).toEqual(keys);
  s.join('h4', 101);
  expect(s.host('h4').state).toBe('qualifying');
  expect(jobOf(s)).toMatchObject({ state: 'accepted' });
  for (const host of ['h1', 'h2', 'h3']) s.append('maintenance.started', `host/${host}`, { by: 'ann' });
  s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
  s.settle();
  expect(s.guest('g1')).toMatchObject({ state: 'blocked', context: { grant: null } });
  const intent = Object.values(s.fleet.intents).find(({ intent: { type } }) => type === 'qualify')!;
  s.append('qualify.succeeded', 'host/h4', { intent: intent.id, detail: '' });
  s.settle();
  expect([s.host('h4').state, s.guest('g1').context.grant?.host]).toEqual(['running', 'h4']);
});

test('nothing is done to the machine: no power, no boot, no installation', () => {
  const s = three();
  offered(s);
  enrolled(s);
  s.fire('host/h4/join');
  expect(Object.values(s.fleet.intents).filter(({ subject }) => subject === 'host/h4')).toEqual([]);
});

describe('no ticket is given out', () => {
  test.each<[string, () => Story, RegExp]>([
    ['for a voter', () => three({ voters: ['h1', 'h2', 'h4'] }), /h4 is a voter/],
    [
      'for a host that lives',
      () => {
        const s = three();
        s.join('h4', 3);
        return s;
      },
      /h4 is not proven stopped/,
    ],
    [
      'for one that is silent, and may yet write',
      () => {
        const s = three();
        s.join('h4', 3);
        s.suspect('h4');
        return s;
      },
      /not proven stopped/,
    ],
    [
      'for a life that only voters know',
      () => {
        const s = three();
        s.append('leases.reported', 'cluster', { lives: { h4: 4 } });
        return s;
      },
      /not proven stopped/,
    ],
    [
      'while the cluster is frozen',
      () => {
        const s = three();
        s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
        return s;
      },
      /frozen by ann/,
    ],
    [
      'while its ladder may switch it on',
      () => {
        const s = three();
        s.join('h4', 3);
        s.suspect('h4');
        s.prove('h4');
        return s;
      },
      /h4 is restarting .* maintenance first/,
    ],
    [
      'while it is to be installed',
      () => {
        const s = three();
        s.append('image.published', 'cluster', { name: 'host', version: 1, manifest: DIGEST, by: 'ann' });
        s.append('reinstall.requested', 'host/h4', { mode: 'install', by: 'ann', reason: 'r', plan: DIGEST });
        return s;
      },
      /being reinstalled/,
    ],
  ])('%s', (_, made, why) => {
    made().refuse('join.offered', 'host/h4', offer, why);
  });
});

describe('a ticket is void', () => {
  test('when its time is over, and the host is left as it was', () => {
    const s = givenUp();
    offered(s);
    const job = of(s);
    s.fire('host/h4/join');
    expect([jobOf(s).state, jobOf(s).context.why]).toEqual(['failed', 'h4 did not join in time']);
    expect(s.host('h4').state).toBe('quarantined');
    s.refuse('host.enrolled', 'host/h4', { ...job, keys }, /reinstallation of h4 is failed/);
  });

  test('once it was used', () => {
    const s = three();
    offered(s);
    enrolled(s);
    s.refuse('host.enrolled', 'host/h4', { ...of(s), keys: { ...keys, node: 'other' } }, /enrolled before/);
    expect(s.fleet.enrolled.h4).toEqual(keys);
  });

  test('once another was given out', () => {
    const s = three();
    offered(s);
    const first = of(s);
    offered(s);
    s.refuse('host.enrolled', 'host/h4', { ...first, keys }, /is over/);
    enrolled(s);
  });

  test('once the old machine has come back, by a life of its own', () => {
    const s = givenUp();
    offered(s);
    const job = of(s);
    s.join('h4', 8);
    expect([s.host('h4').state, jobOf(s).state]).toEqual(['running', 'failed']);
    s.refuse('host.enrolled', 'host/h4', { ...job, keys }, /failed/);
  });

  test('once voters tell of a life of it that nobody knew', () => {
    const s = givenUp();
    offered(s);
    s.append('leases.reported', 'cluster', { lives: { h4: 9 } });
    expect(jobOf(s).state).toBe('failed');
  });
});

test('the state counts at the enrolment too, not only when the ticket was given out', () => {
  const s = three();
  offered(s);
  s.append('cluster.frozen', 'cluster', { by: 'bob', reason: 'r' });
  s.refuse('host.enrolled', 'host/h4', { ...of(s), keys }, /frozen by bob/);
  s.append('cluster.thawed', 'cluster', { by: 'bob' });
  enrolled(s);
});

test('whoever is enrolled after one who never registered counts lives of their own', () => {
  const s = three();
  offered(s);
  enrolled(s);
  s.fire('host/h4/join');
  offered(s);
  expect(of(s).attempt).toBe(2);
});

test('an old life is not forgotten: what joins must be above it, and is tested whenever it comes', () => {
  const s = givenUp();
  offered(s);
  enrolled(s);
  s.refuse(
    'host.joined',
    'host/h4',
    { incarnation: { bootId: 'b', counter: 7 }, selfFencing: true, watchdog: 'd', instances: [] },
    /life 7 of h4 is proven stopped/,
  );
  // Nobody starts it in time: an hour, counted from its enrolment.
  expect(s.fleet.timers['host/h4/join']!.dueMs - s.fleet.nowMs).toBeGreaterThan(3_500_000);
  s.fire('host/h4/join');
  s.join('h4', 108);
  expect(s.host('h4').state).toBe('qualifying');
});

test('a leader that dies before the host has registered leaves it to be asked, and tested', () => {
  const s = three();
  offered(s);
  enrolled(s);
  s.elect('h2');
  s.append('leases.reported', 'cluster', { lives: { h4: 101 } });
  s.survey('h4', 101);
  expect([s.host('h4').state, jobOf(s).state]).toEqual(['qualifying', 'accepted']);
});

test('one that fails its test again and again is left to a person: what is on its disk is theirs', () => {
  const s = three();
  s.append('image.published', 'cluster', { name: 'host', version: 1, manifest: DIGEST, by: 'ann' });
  offered(s);
  enrolled(s);
  s.join('h4', 101);
  const fails = () => {
    const intent = Object.values(s.fleet.intents).find(({ intent: { type } }) => type === 'qualify')!;
    s.append('qualify.failed', 'host/h4', { intent: intent.id, reason: 'no KVM' });
  };
  for (const counter of [102, 103]) {
    fails();
    s.fire('host/h4/qualify');
    fails();
    s.prove('h4');
    if (s.host('h4').state !== 'restarting') break;
    s.outcome('succeeded', 'power-on', 'host/h4');
    s.join('h4', counter);
  }
  expect(s.host('h4').state).toBe('quarantined');
});

test('no installation begins while a person holds its ticket', () => {
  const s = three({ hostLadder: { powerCycle: { tries: 0 }, reinstall: 'allowed' } });
  s.append('image.published', 'cluster', { name: 'host', version: 1, manifest: DIGEST, by: 'ann' });
  s.append('maintenance.started', 'host/h4', { by: 'ann' });
  s.join('h4', 3);
  s.suspect('h4');
  s.prove('h4');
  expect(s.host('h4').state).toBe('maintenance');
  offered(s);
  s.append('maintenance.ended', 'host/h4', { by: 'bob' });
  s.outcome('succeeded', 'power-on', 'host/h4');
  s.fire('host/h4/rejoin');
  expect(s.host('h4').state).toBe('reinstalling');
  const held = () => runnable(s.fleet).held.find(({ intent: { intent } }) => intent.type === 'reinstall')?.why;
  expect(held()).toMatch(/ann took a ticket for h4/);
  s.fire('host/h4/join');
  expect(held()).toBeUndefined();
});

test('why says who took the ticket, and what became of it', () => {
  const s = three();
  s.append('join.offered', 'host/h4', offer, { cause: 'operator' });
  const lines = () => explain('host/h4', s.entries, s.fleet);
  expect(lines()[0]).toBe('h4 is joining, and may join');
  expect(lines().join('\n')).toMatch(
    /ann took a ticket for h4 to join, good for 15 min: a new machine\na person ordered it/,
  );
  enrolled(s);
  expect(lines()[0]).toMatch(/enrolled with new keys, installed by hand; it is expected to register/);
});
