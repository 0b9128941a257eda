/** A spare: how it comes to be off, when it is called, and what it never is. */
import { describe, expect, test } from 'vitest';
import { headroom } from '../../machines/admission.ts';
import { brakeVerdict } from '../../machines/brake.ts';
import { explain } from '../../machines/explain.ts';
import { newJob } from '../../machines/job-parts.ts';
import { place } from '../../machines/placement.ts';
import { runnable, startsHeld } from '../../machines/runnable.ts';
import { spareSteps } from '../../machines/spares.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { running, type Story, spec, story } from './given.ts';

const SPARE = { spare: true };
const FULL = { memoryMiB: 4_096, vcpus: 1 };
const full = (prefers: string, more: object = {}) => ({ prefers, resources: FULL, ...more });

/** Three hosts that one guest each fills, and spares. */
const cluster = (spares: Record<string, object> = { h4: SPARE }, guests: Record<string, object> = {}): ClusterSpec =>
  spec(
    { h1: {}, h2: {}, h3: {}, ...spares },
    { g1: full('h1'), g2: full('h2'), g3: full('h3'), ...guests },
    { voters: ['h1', 'h2', 'h3'] },
  );

/** Emptied, switched off and proven stopped in maintenance. */
function switchOff(s: Story, host: string): void {
  s.append('maintenance.started', `host/${host}`, { by: 'ann', drain: true });
  expect(s.host(host).state).toBe('maintenance');
  s.suspect(host);
  s.prove(host);
}
function giveBack(s: Story, ...hosts: string[]): void {
  for (const host of hosts) {
    switchOff(s, host);
    s.append('maintenance.ended', `host/${host}`, { by: 'ann' }, { afterMs: 100_000 });
  }
}
/** Every host has joined, and the spares are off. */
function given(of: ClusterSpec): Story {
  const s = running(of);
  giveBack(s, ...Object.keys(of.hosts).filter((host) => of.hosts[host]!.spare));
  return s;
}
/** The survey, as who runs one guest answers it. */
function answer(s: Story, ...hosts: string[]): void {
  for (const host of hosts) {
    const guest = `g${host.slice(1)}`;
    s.survey(host, 1, [{ guest, token: s.guest(guest).context.grant!.token, state: 'running' }]);
  }
}
function lose(s: Story, host: string): void {
  s.suspect(host);
  s.prove(host);
  s.placeAll();
}
/** As the leader does it. Returns which spares were called, and for whom. */
function look(s: Story): string[] {
  const steps = spareSteps(s.fleet);
  for (const step of steps) s.write(step);
  return steps.map(({ subject, data }) => `${subject} for ${(data as { guests: string[] }).guests.join(' and ')}`);
}

describe('a spare that is off', () => {
  test('was proven stopped in maintenance, and its maintenance was ended', () => {
    const s = running(cluster());
    s.append('host.degraded', 'host/h4', { what: 'libvirt', reason: 'r' });
    switchOff(s, 'h4');
    expect(s.host('h4').state).toBe('maintenance');
    s.append('maintenance.ended', 'host/h4', { by: 'ann' });
    expect(s.host('h4').state).toBe('spare');
    expect(s.intent('power-on', 'host/h4')).toBeUndefined();
    expect(s.host('h4').context.why).toContain('a spare stays off until it is needed');
    expect(s.host('h4').context.degraded, 'of a life that is over').toEqual({});
  });

  test('a host that is no spare is switched on again in the same place', () => {
    const s = running(spec(3));
    switchOff(s, 'h3');
    s.append('maintenance.ended', 'host/h3', { by: 'ann' });
    expect(s.host('h3').state).toBe('restarting');
  });

  test('never comes of a spare that is lost in service, nor of one whose maintenance ends before it is proven stopped', () => {
    const lost = running(cluster());
    lost.suspect('h4');
    lost.prove('h4');
    expect(lost.host('h4').state).toBe('restarting');
    const early = running(cluster());
    early.append('maintenance.started', 'host/h4', { by: 'ann', drain: true });
    early.suspect('h4');
    early.append('maintenance.ended', 'host/h4', { by: 'ann' });
    expect(early.host('h4').state).toBe('suspect');
    early.prove('h4');
    expect(early.host('h4').state).toBe('restarting');
    const alive = running(cluster());
    alive.append('maintenance.started', 'host/h4', { by: 'ann', drain: true });
    alive.append('maintenance.ended', 'host/h4', { by: 'ann' });
    expect(alive.host('h4').state).toBe('running');
  });

  test('holds up no start, gets no guest, and has nothing to be done about it', () => {
    const s = given(cluster());
    s.elect('h2');
    answer(s, 'h1', 'h2', 'h3');
    expect(startsHeld(s.fleet)).toEqual([]);
    expect(runnable(s.fleet)).toEqual({ ready: [], held: [] });
    const [placed] = place(s.fleet, [{ type: 'place', guest: 'g1', purpose: 'relocation', avoid: [], prefer: 'h4' }]);
    expect(placed!.refused).toContainEqual({ host: 'h4', reason: 'a spare, off' });
  });

  test('is in service as soon as it registers, whoever switched it on', () => {
    const s = given(cluster());
    s.join('h4', 2);
    expect(s.host('h4').state).toBe('running');
  });

  test('is watched and surveyed if it turns out to have had another life', () => {
    const s = given(cluster());
    s.elect('h2');
    answer(s, 'h1', 'h2', 'h3');
    s.append('leases.reported', 'cluster', { lives: { h4: 7 } });
    expect(s.host('h4')).toMatchObject({ state: 'running', context: { fence: null } });
    expect(startsHeld(s.fleet)).toEqual(['h4']);
  });

  test('does not count for the storm brake: neither among the hosts nor among the silent', () => {
    const spares = { h4: SPARE, h5: SPARE, h6: SPARE };
    const s = given(cluster(spares));
    expect(brakeVerdict(s.fleet, ['h1', 'h2'])).toMatchObject({ apply: true, of: 3 });
    const soon = running(cluster());
    switchOff(soon, 'h4');
    soon.append('maintenance.ended', 'host/h4', { by: 'ann' });
    expect(brakeVerdict(soon.fleet, ['h1'])).toMatchObject({ apply: false, silent: ['h1'] });
  });

  test('one that never joined holds up no first start either, and is not switched on', () => {
    const s = story(cluster());
    for (const host of ['h1', 'h2', 'h3']) s.join(host);
    s.settle();
    expect(startsHeld(s.fleet)).toEqual([]);
    expect(s.guest('g3').state).toBe('running');
    expect(s.host('h4').context.why).toContain('not switched on before it has joined once');
    expect(brakeVerdict(s.fleet, []).of).toBe(3);
    lose(s, 'h1');
    expect(look(s)).toEqual([]);
  });
});

describe('a spare is called', () => {
  test('for a guest that has room nowhere, and gets it like any other host once it has registered', () => {
    const s = given(cluster());
    lose(s, 'h1');
    expect(s.guest('g1').state).toBe('blocked');
    expect(look(s)).toEqual(['host/h4 for g1']);
    expect(s.host('h4').state).toBe('restarting');
    expect(s.host('h4').context.why).toMatch(
      /^h4, a spare, is needed by g1: every host is excluded; h1: fenced, h2: needs 4096 MiB/,
    );
    expect(explain('guest/g1', s.entries, s.fleet)).toContain('pending: h4, a spare, is being switched on for it');
    expect(look(s)).toEqual([]);
    s.outcome('succeeded', 'power-on', 'host/h4');
    expect(look(s)).toEqual([]);
    s.join('h4', 2);
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h4' } } });
    expect(s.host('h4').context.called).toBeUndefined();
  });

  test('not while there is room elsewhere, though all hosts of another guest are closed', () => {
    const s = given(spec({ h1: {}, h2: {}, h3: {}, h4: SPARE }, { g1: { prefers: 'h1' }, g2: { hosts: ['h1'] } }));
    s.suspect('h1');
    s.prove('h1');
    s.settle();
    expect(s.guest('g1').state).toBe('running');
    expect(s.guest('g2').state).toBe('blocked');
    expect(look(s)).toEqual([]);
  });

  test('where all hosts of a guest are closed and it is one of them', () => {
    const s = given(spec({ h1: {}, h2: {}, h3: {}, h4: SPARE }, { g1: { hosts: ['h1', 'h4'], prefers: 'h1' } }));
    lose(s, 'h1');
    expect(look(s)).toEqual(['host/h4 for g1']);
  });

  test('never before the lost host is proven stopped', () => {
    const s = given(cluster());
    s.suspect('h1');
    s.placeAll();
    expect(look(s)).toEqual([]);
    s.append('fence.failed', 'host/h1', { counter: 1, attempts: [] });
    expect(s.host('h1').state).toBe('blocked');
    expect(look(s)).toEqual([]);
  });

  test('only if the guest could run there: storage, capacity, apart', () => {
    const apart = { apart: ['g2'] };
    const store = { storage: ['pool'] };
    const host = { ...store };
    const why = (spare: object, g1: object) => {
      const s = given(
        spec(
          { h1: host, h2: host, h3: host, h4: { spare: true, ...spare } },
          { g1: { ...full('h1'), ...store, ...g1 }, g2: full('h2'), g3: full('h3') },
          { voters: ['h1', 'h2', 'h3'] },
        ),
      );
      lose(s, 'h1');
      return look(s);
    };
    expect(why({ ...host }, apart)).toEqual(['host/h4 for g1']);
    expect(why({}, {})).toEqual([]);
    expect(why({ ...host, capacity: { memoryMiB: 2_048, vcpus: 4 } }, {})).toEqual([]);
  });

  test('not for a guest that nobody wants running, or that waits for its storage', () => {
    const s = given(cluster());
    lose(s, 'h1');
    const g1 = s.guest('g1');
    const with_ = (context: object) => ({
      ...s.fleet,
      guests: { ...s.fleet.guests, g1: { ...g1, context: { ...g1.context, ...context } } },
    });
    expect(spareSteps(with_({})).length).toBe(1);
    expect(spareSteps(with_({ desired: 'stopped' }))).toEqual([]);
    expect(spareSteps(with_({ starved: 1 }))).toEqual([]);
    expect(spareSteps(with_({ release: null }))).toEqual([]);
  });

  test('not while frozen, braked, or before the survey is answered, and not while a place is sought', () => {
    const s = given(cluster());
    s.suspect('h1');
    s.prove('h1');
    expect(look(s), 'a place is sought').toEqual([]);
    s.placeAll();
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
    expect(look(s)).toEqual([]);
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    s.append('brake.applied', 'cluster', { silent: ['h2', 'h3'], of: 3 });
    expect(look(s)).toEqual([]);
    s.append('brake.released', 'cluster', { by: 'h1' });
    s.elect('h2');
    expect(look(s)).toEqual([]);
    answer(s, 'h2', 'h3');
    expect(look(s)).toEqual(['host/h4 for g1']);
  });

  test('not in maintenance, not in quarantine, and not when it is about to be installed anew', () => {
    const s = given(cluster());
    s.append('maintenance.started', 'host/h4', { by: 'ann', drain: true });
    expect(s.host('h4').state).toBe('maintenance');
    lose(s, 'h1');
    expect(look(s)).toEqual([]);
    s.refuse('spare.called', 'host/h4', { guests: ['g1'], why: 'w' }, /h4 is maintenance, not a spare that is off/);
    s.append('maintenance.ended', 'host/h4', { by: 'ann' });
    s.placeAll();
    const { fleet } = s;
    expect(
      spareSteps({ ...fleet, hosts: { ...fleet.hosts, h4: { ...fleet.hosts.h4!, state: 'quarantined' } } }),
    ).toEqual([]);
    const job = (state: 'announced' | 'accepted') => ({ h4: { state, context: newJob('h4') } });
    expect(spareSteps({ ...fleet, jobs: job('announced') })).toEqual([]);
    expect(spareSteps({ ...fleet, jobs: job('accepted') }).length).toBe(1);
  });

  test('frozen after its call, it is not switched on before the thaw', () => {
    const s = given(cluster());
    lose(s, 'h1');
    look(s);
    expect(brakeVerdict(s.fleet, []).of, 'on its way it counts no more than off').toBe(3);
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
    const held = () => runnable(s.fleet).held.map(({ intent }) => intent.subject);
    expect(held()).toContain('host/h4');
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    expect(held()).toEqual([]);
  });
});

test('the forecast counts a spare, by name, unless it would be lost too', () => {
  const why = (spare: object) => {
    const { survivable, why } = headroom(given(cluster({ h4: { ...SPARE, ...spare } })).fleet);
    return [survivable, why];
  };
  const survives = 'any one host or failure domain can be lost and every guest has room elsewhere';
  expect(why({})).toEqual([true, `${survives}, with h4 switched on`]);
  expect(why({ capacity: { memoryMiB: 2_048, vcpus: 4 } })).toEqual([false, 'losing h1 would leave no room for g1']);
  const roomy = given(spec({ h1: {}, h2: {}, h3: {}, h4: SPARE }, { g1: {} }));
  expect(headroom(roomy.fleet)).toEqual({ survivable: true, why: survives });
  const racks = given(
    spec(
      { h1: { domain: 'r1' }, h2: { domain: 'r1' }, h3: { domain: 'r2' }, h4: { ...SPARE, domain: 'r1' } },
      { g1: full('h1'), g3: full('h3') },
      { voters: ['h1', 'h2', 'h3'] },
    ),
  );
  expect(headroom(racks.fleet).why).toBe('losing failure domain r1 would leave no room for g1');
  const called = given(cluster());
  lose(called, 'h1');
  look(called);
  expect(headroom(called.fleet).why).toBe(`${survives}, with h4 switched on`);
});

describe('several spares', () => {
  test('as many as are needed, and no more: the one that takes most first', () => {
    const spares = { h4: { spare: true, capacity: { memoryMiB: 1_024, vcpus: 4 } }, h5: SPARE, h6: SPARE };
    const s = given(cluster(spares));
    lose(s, 'h1');
    expect(look(s)).toEqual(['host/h5 for g1']);
    const two = given(cluster({ h4: SPARE, h5: SPARE, h6: SPARE }));
    two.suspect('h1');
    two.prove('h1');
    two.suspect('h2');
    two.prove('h2');
    two.placeAll();
    expect(look(two)).toEqual(['host/h4 for g1', 'host/h5 for g2']);
  });

  test('one that takes two guests is preferred to two that take one each; guests to be kept together count as such', () => {
    const small = { capacity: { memoryMiB: 1_024, vcpus: 4 }, spare: true };
    const one = { memoryMiB: 1_024, vcpus: 1 };
    const s = given(
      spec(
        {
          h1: {},
          h2: { capacity: { memoryMiB: 1_024, vcpus: 4 } },
          h3: { capacity: { memoryMiB: 1_024, vcpus: 4 } },
          h4: small,
          h5: SPARE,
        },
        {
          g1: { prefers: 'h1', resources: one, together: ['g2'] },
          g2: { prefers: 'h1', resources: one },
          g3: { prefers: 'h2', resources: one },
          g4: { prefers: 'h3', resources: one },
        },
        { voters: ['h1', 'h2', 'h3'] },
      ),
    );
    lose(s, 'h1');
    expect(look(s)).toEqual(['host/h5 for g1 and g2']);
  });

  test('whose switch does not answer, or which does not come in time: the next is called, and it goes its own ladder', () => {
    const s = given(cluster({ h4: SPARE, h5: SPARE, h6: SPARE }));
    lose(s, 'h1');
    expect(look(s)).toEqual(['host/h4 for g1']);
    s.outcome('failed', 'power-on', 'host/h4');
    expect(s.host('h4').state).toBe('fenced');
    expect(look(s)).toEqual(['host/h5 for g1']);
    s.fire('host/h4/switch-on');
    expect(s.host('h4').state).toBe('restarting');
    s.outcome('succeeded', 'power-on', 'host/h5');
    expect(look(s)).toEqual([]);
    s.fire('host/h5/rejoin');
    expect(s.host('h5')).toMatchObject({ state: 'fenced', context: { called: undefined } });
    expect(look(s)).toEqual(['host/h6 for g1']);
  });

  test('one on its way has room for others besides: no other is called for those', () => {
    const s = given(cluster({ h4: { spare: true, capacity: { memoryMiB: 8_192, vcpus: 4 } }, h5: SPARE }));
    lose(s, 'h1');
    expect(look(s)).toEqual(['host/h4 for g1']);
    lose(s, 'h2');
    expect(look(s)).toEqual([]);
    lose(s, 'h3');
    expect(look(s)).toEqual(['host/h5 for g3']);
  });

  test('one on its way takes another if the guest that it was called for has found a place meanwhile', () => {
    const s = given(cluster({ h4: SPARE, h5: SPARE }));
    lose(s, 'h1');
    look(s);
    s.append('guest.ordered', 'guest/g3', { desired: 'stopped', by: 'ann' });
    s.outcome('succeeded', 'stop', 'guest/g3');
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h3' } } });
    lose(s, 'h2');
    expect(look(s)).toEqual([]);
  });

  test('one in service that is lost is no spare on its way: another is called for its guests', () => {
    const s = given(cluster({ h4: SPARE, h5: SPARE }));
    lose(s, 'h1');
    look(s);
    s.join('h4', 2);
    s.settle();
    s.suspect('h4');
    expect(s.guest('g1').state).toBe('suspect');
    expect(look(s)).toEqual([]);
    s.prove('h4');
    s.placeAll();
    expect(s.host('h4').state).toBe('fenced');
    expect(look(s)).toEqual(['host/h5 for g1']);
  });
});
