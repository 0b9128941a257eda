/** New leaders, surveys, doubt, freeze, brake and the voters' majority: what may be carried out, and when. */
import { describe, expect, test } from 'vitest';
import { brakeVerdict, stormLimit } from '../../machines/brake.ts';
import type { Entry } from '../../machines/entries.ts';
import { rejection } from '../../machines/rejection.ts';
import { runnable, startsHeld } from '../../machines/runnable.ts';
import { running, type Story, spec, story } from './given.ts';

const three = () => running(spec(3, { g1: { prefers: 'h1' }, g2: { prefers: 'h2' }, g3: { prefers: 'h3' } }));
const ready = (s: Story) => runnable(s.fleet).ready.map(({ id }) => id.split('@')[0]);
const held = (s: Story) =>
  Object.fromEntries(runnable(s.fleet).held.map(({ intent, why }) => [intent.id.split('@')[0], why]));
const crashed = (s: Story, guest: string) =>
  s.append('guest.crashed', `guest/${guest}`, {
    ...s.guest(guest).context.grant!,
    cause: 'process-died',
    gone: true,
    detail: '',
  });
const present = (s: Story, guest: string) => [
  { guest, token: s.guest(guest).context.grant!.token, state: 'running' as const },
];

describe('epochs', () => {
  test('a leader of the past, and one that nobody elected, write without force', () => {
    const s = three();
    s.elect('h2');
    s.refuse('cluster.frozen', 'cluster', { by: 'zombie', reason: '' }, /epoch 1, over since epoch 2/, { epoch: 1 });
    s.refuse('cluster.frozen', 'cluster', { by: 'ghost', reason: '' }, /nobody was elected/, { epoch: 9 });
    s.refuse('leader.elected', 'cluster', { node: 'h3' }, /not above the present 2/, { epoch: 2 });
    expect(s.fleet).toMatchObject({ epoch: 2, leader: 'h2', frozen: null });
  });

  test('an entry about what does not exist has no force', () => {
    const s = three();
    s.refuse('guest.ordered', 'guest/g9', { desired: 'running', by: 'ann' }, /no guest g9/);
    s.refuse('fence.requested', 'guest/g1', { by: 'ann', reason: '' }, /cannot speak of guest\/g1/);
  });

  test('a timer fires once, and only as it was armed', () => {
    const s = three();
    s.append('fence.requested', 'host/h3', { by: 'ann', reason: '' });
    s.append('fence.failed', 'host/h3', { counter: 1, attempts: [] });
    const { armedSeq } = s.fleet.timers['host/h3/fence']!;
    s.refuse('timer.fired', 'host/h3', { timer: 'host/h3/fence', armedSeq: armedSeq - 1 }, /not armed/);
    s.fire('host/h3/fence');
    s.refuse('timer.fired', 'host/h3', { timer: 'host/h3/fence', armedSeq }, /not armed/);
  });

  test('time never runs backwards, whatever clock the next leader has', () => {
    const s = three();
    const { nowMs } = s.fleet;
    s.append('cluster.thawed', 'cluster', { by: 'ann' }, { afterMs: -3_600_000 });
    expect(s.fleet.nowMs).toBe(nowMs);
  });
});

describe('a grant', () => {
  const grantFor = (s: Story, guest: string) => ({
    host: 'h2',
    counter: 1,
    purpose: 'relocation' as const,
    why: '',
    refused: [],
    release: s.guest(guest).context.release ?? { kind: 'none' as const, entry: '' },
  });

  test('on top of one that is not released has no force, even if a place were sought by mistake', () => {
    const s = three();
    const { entry } = s.entries.at(-1)!;
    const intent = { type: 'place' as const, guest: 'g1', purpose: 'relocation' as const, avoid: [], prefer: null };
    const id = 'guest/g1/place@1';
    const mistaken = { ...s.fleet, intents: { [id]: { id, subject: 'guest/g1', intent, seq: 1, cause: '1.1' } } };
    const wanted = {
      ...entry,
      id: '1.99',
      type: 'guest.granted',
      subject: 'guest/g1',
      data: grantFor(s, 'g1'),
    } as Entry;
    expect(rejection(mistaken, wanted)).toMatch(/h1 may still run g1 under 1\./);
  });

  test('with a token not above the last one has no force', () => {
    const s = three();
    s.append('guest.adopted', 'guest/g1', { host: 'h1', counter: 1, token: '7.1', why: 'found' });
    crashed(s, 'g1');
    s.refuse('guest.granted', 'guest/g1', grantFor(s, 'g1'), /its token 1\.\d+ is not above 7\.1/);
  });
});

describe('a new reign', () => {
  test('starts nothing before every other host has answered the survey or is proven stopped', () => {
    const s = three();
    crashed(s, 'g1');
    s.elect('h1');
    expect(startsHeld(s.fleet, 'h1')).toEqual(['h1', 'h2', 'h3']);
    s.survey('h1');
    s.survey('h2', 1, present(s, 'g2'));
    expect(ready(s)).toEqual([]);
    expect(held(s)).toEqual({ 'guest/g1/place': 'nothing starts before h3 answered the survey or is proven stopped' });
    s.suspect('h3');
    expect(ready(s), 'a fence waits for no survey').toEqual(['host/h3/fence']);
    s.prove('h3');
    expect(ready(s)).toEqual(expect.arrayContaining(['guest/g1/place', 'guest/g3/place']));
    expect(startsHeld(s.fleet, 'h3'), 'proven stopped is no place to start').toEqual(['h3']);
    s.settle();
    expect(s.guest('g3').state).toBe('running');
  });

  test('a host never heard of is waited for only so long', () => {
    const s = story(spec(3, { g1: { prefers: 'h3' } }));
    s.join('h1');
    s.join('h2');
    expect(startsHeld(s.fleet)).toEqual(['h3']);
    s.fire('host/h3/settle');
    expect(startsHeld(s.fleet)).toEqual([]);
    s.settle();
    expect(s.guest('g1').state).toBe('running');
  });

  test('a guest that the survey does not list is gone if its grant is of an earlier reign', () => {
    const s = three();
    s.elect('h2');
    const survey = s.survey('h3', 1, []);
    expect(s.guest('g3')).toMatchObject({ state: 'restarting', context: { release: { kind: 'R1', entry: survey } } });
  });

  test('a list that may be older than the start proves nothing: the guest is stopped and seen gone first', () => {
    const s = three();
    s.join('h3', 1, []);
    expect(s.guest('g3')).toMatchObject({ state: 'stopping', context: { release: null } });
    expect(s.intent('place', 'guest/g3')).toBeUndefined();
  });

  test('a start still pending is not taken for a crash by a survey, and is known to have succeeded when seen running', () => {
    const s = story(spec(2, { g1: { prefers: 'h1' } }));
    s.join('h1');
    s.join('h2');
    s.placeAll();
    s.elect('h2');
    s.survey('h1', 1, []);
    expect(s.intent('start', 'guest/g1')).toBeDefined();
    expect(s.guest('g1').context.release).toBeNull();
    s.elect('h1');
    s.survey('h1', 1, present(s, 'g1'));
    expect(s.guest('g1').state).toBe('running');
    expect(s.intent('start', 'guest/g1')).toBeUndefined();
  });

  test('a daemon that was killed and returns with its guests changes nothing for them', () => {
    const s = three();
    const before = s.guest('g3');
    s.join('h3', 1, present(s, 'g3'));
    expect(s.guest('g3')).toMatchObject({ state: 'running', context: { grant: before.context.grant, release: null } });
    expect(s.fleet.intents).toEqual({});
  });

  test('an instance unknown to the log is taken over where it is found, and not started elsewhere', () => {
    const s = three();
    crashed(s, 'g1');
    expect(s.intent('place', 'guest/g1')).toBeDefined();
    s.append('guest.adopted', 'guest/g1', { host: 'h2', counter: 1, token: '1.999', why: 'found' });
    expect(s.guest('g1')).toMatchObject({
      state: 'running',
      context: { grant: { host: 'h2', token: '1.999' }, release: null },
    });
    expect(s.intent('place', 'guest/g1')).toBeUndefined();
  });

  test('a guest found twice is left alone until a person decides', () => {
    const s = three();
    s.append('guest.duplicated', 'guest/g1', { hosts: ['h1', 'h2'] });
    s.suspect('h1');
    const proof = s.prove('h1');
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'frozen', context: { release: { entry: proof } } });
    s.append('guest.ordered', 'guest/g1', { desired: 'running', by: 'ann' });
    s.settle();
    expect(s.guest('g1').state).toBe('running');
  });
});

describe('freeze', () => {
  test('holds everything back with the reason, except what a person orders to be fenced; thaw lets it go', () => {
    const s = three();
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'switch work' });
    crashed(s, 'g1');
    s.suspect('h3');
    expect(ready(s)).toEqual([]);
    expect(held(s)).toEqual({
      'guest/g1/place': 'frozen by ann: switch work',
      'host/h3/fence': 'frozen by ann: switch work',
    });
    s.append('fence.requested', 'host/h3', { by: 'ann', reason: 'burning' });
    expect(ready(s)).toEqual(['host/h3/fence']);
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    expect(ready(s)).toEqual(['host/h3/fence', 'guest/g1/place']);
  });
});

describe('the storm brake', () => {
  const nine = () => running(spec(9, {}));

  test('a third may be silent, and one always', () => {
    expect([1, 2, 3, 5, 6, 9, 16].map(stormLimit)).toEqual([1, 1, 1, 1, 2, 3, 5]);
  });

  test('two of three hosts lost: nothing is fenced, nothing starts; it goes on when one returns', () => {
    const s = three();
    expect(brakeVerdict(s.fleet, ['h3']).apply).toBe(false);
    expect(brakeVerdict(s.fleet, ['h2', 'h3'])).toMatchObject({
      apply: true,
      why: expect.stringMatching(/2 of 3 hosts are silent \(h2, h3\)/),
    });
    s.append('brake.applied', 'cluster', { silent: ['h2', 'h3'], of: 3 });
    s.suspect('h2');
    s.suspect('h3');
    expect(ready(s)).toEqual([]);
    expect(held(s)['host/h3/fence']).toMatch(/storm brake: h2, h3 fell silent together/);
    expect(brakeVerdict(s.fleet, ['h2', 'h3']).apply).toBe(true);
    s.append('host.cleared', 'host/h2', { counter: 1, why: 'heard' });
    expect(brakeVerdict(s.fleet, ['h3']).apply).toBe(false);
    s.append('brake.released', 'cluster', { by: 'enough are back' });
    expect(ready(s)).toEqual(['host/h3/fence']);
    s.prove('h3');
    s.settle();
    expect(s.guest('g3').state).toBe('running');
  });

  test('counts hosts that fell one after another within a minute, fenced meanwhile or not, and does not flutter', () => {
    const s = nine();
    for (const host of ['h9', 'h8', 'h7']) {
      expect(brakeVerdict(s.fleet, [host]).apply).toBe(false);
      s.suspect(host);
      s.prove(host);
    }
    expect(brakeVerdict(s.fleet, ['h6']).apply).toBe(true);
    s.append('brake.applied', 'cluster', { silent: ['h6'], of: 9 });
    s.suspect('h6');
    expect(brakeVerdict(s.fleet, ['h6']).apply).toBe(true);
    s.append('cluster.thawed', 'cluster', { by: 'ann' }, { afterMs: 120_000 });
    expect(brakeVerdict(s.fleet, ['h6']).apply, 'an old storm is still a storm while nobody is back').toBe(true);
    s.join('h9', 2);
    expect(brakeVerdict(s.fleet, ['h6']).apply).toBe(false);
  });

  test('a minute later is another event', () => {
    const s = nine();
    for (const host of ['h9', 'h8', 'h7']) s.suspect(host);
    s.append('cluster.thawed', 'cluster', { by: 'ann' }, { afterMs: 61_000 });
    expect(brakeVerdict(s.fleet, ['h6']).apply).toBe(false);
  });

  test('released by a person, it is not put on again for the same silence', () => {
    const s = three();
    s.append('brake.applied', 'cluster', { silent: ['h2', 'h3'], of: 3 });
    s.suspect('h2');
    s.suspect('h3');
    s.append('brake.released', 'cluster', { by: 'ann' }, { cause: 'operator' });
    expect(brakeVerdict(s.fleet, ['h2', 'h3']).apply).toBe(false);
    s.join('h2', 2);
    expect(s.fleet.brakeWaived).toEqual(['h3']);
    s.elect('h1');
    s.append('leases.reported', 'cluster', { lives: { h3: 2 } });
    expect(s.fleet.brakeWaived).toEqual([]);
  });

  test('released by a person, it holds the next storm no longer for hosts that the person knew to be gone', () => {
    const s = nine();
    for (const host of ['h9', 'h8', 'h7']) s.suspect(host);
    s.append('brake.applied', 'cluster', { silent: ['h9', 'h8', 'h7', 'h6'], of: 9 });
    s.append('brake.released', 'cluster', { by: 'ann' }, { cause: 'operator' });
    s.append('brake.applied', 'cluster', { silent: ['h2', 'h3', 'h4', 'h5'], of: 9 });
    expect(brakeVerdict(s.fleet, ['h2', 'h3', 'h4', 'h5', 'h9', 'h8', 'h7']).silent).toEqual(['h2', 'h3', 'h4', 'h5']);
    expect(brakeVerdict(s.fleet, ['h2', 'h9', 'h8', 'h7']).apply).toBe(false);
  });

  test('released because enough are back, it comes on again for the rest and one more', () => {
    const s = three();
    s.append('brake.applied', 'cluster', { silent: ['h2', 'h3'], of: 3 });
    s.suspect('h2');
    s.suspect('h3');
    s.append('host.cleared', 'host/h2', { counter: 1, why: 'heard' });
    s.append('brake.released', 'cluster', { by: 'enough are back' });
    expect(brakeVerdict(s.fleet, ['h2', 'h3'])).toMatchObject({ apply: true, silent: ['h2', 'h3'] });
  });

  test('our own fencing never costs the voters their majority', () => {
    const s = running(spec(9, {}));
    expect(s.fleet.spec!.voters).toEqual(['h1', 'h2', 'h3', 'h4', 'h5']);
    for (const host of ['h5', 'h4', 'h3', 'h9']) s.append('fence.requested', `host/${host}`, { by: 'ann', reason: '' });
    expect(ready(s)).toEqual(['host/h5/fence', 'host/h4/fence', 'host/h9/fence']);
    expect(held(s)).toEqual({ 'host/h3/fence': 'fencing h3 would cost the voters their majority' });
    // Also while the first is being carried out: what is under way is not looked at again, and counts all the same.
    const underWay = new Set(runnable(s.fleet).ready.map(({ id }) => id));
    const next = runnable(s.fleet, underWay);
    expect([next.ready, next.held.map(({ why }) => why)]).toEqual([
      [],
      ['fencing h3 would cost the voters their majority'],
    ]);
    s.prove('h5');
    s.prove('h4');
    expect(held(s)).toHaveProperty('host/h3/fence');
    s.join('h5', 2);
    expect(ready(s)).toContain('host/h3/fence');
  });
});
