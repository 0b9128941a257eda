/** A host is lost: what happens to it, and to its guests. */
import { describe, expect, test } from 'vitest';
import { runnable, startsHeld } from '../../machines/runnable.ts';
import { running, type Story, spec, story } from './given.ts';

const three = (more = {}) =>
  running(
    spec(3, { g1: { prefers: 'h1' }, g2: { prefers: 'h2' }, g3: { prefers: 'h3' }, g4: { prefers: 'h3' } }, more),
  );

describe('the guests of a lost host', () => {
  test('are granted elsewhere only on the proof, and run', () => {
    const s = three();
    expect(s.guest('g3')).toMatchObject({ state: 'running', context: { grant: { host: 'h3' }, observed: 'running' } });

    s.suspect('h3');
    expect(s.host('h3').state).toBe('suspect');
    expect(s.guest('g3').state).toBe('suspect');
    expect(s.intent('fence', 'host/h3')).toEqual({ type: 'fence', host: 'h3', counter: 1 });
    expect(s.intent('place', 'guest/g3'), 'nothing is placed before the proof').toBeUndefined();

    const proof = s.prove('h3');
    expect(s.guest('g3')).toMatchObject({ state: 'relocating', context: { release: { kind: 'R2', entry: proof } } });
    expect(s.intent('place', 'guest/g3')).toMatchObject({ purpose: 'relocation' });
    s.settle();
    for (const name of ['g3', 'g4']) {
      expect(s.guest(name).state).toBe('running');
      expect(['h1', 'h2']).toContain(s.guest(name).context.grant?.host);
      expect(s.guest(name).context.tries, 'the loss of its host is not held against a guest').toEqual({
        inPlace: [],
        relocate: [],
        stop: [],
      });
    }
    expect(s.guest('g1').context.grant?.host).toBe('h1');
  });

  test('a grant without the release, or naming another release, has no force', () => {
    const s = three();
    s.suspect('h3');
    const grant = { host: 'h1', counter: 1, purpose: 'relocation' as const, why: '', refused: [] };
    s.refuse('guest.granted', 'guest/g3', { ...grant, release: { kind: 'none', entry: '' } }, /no place is sought/);
    s.prove('h3');
    s.refuse('guest.granted', 'guest/g3', { ...grant, release: { kind: 'R3', entry: '1.1' } }, /as release/);
    s.refuse(
      'guest.granted',
      'guest/g3',
      { ...grant, host: 'h3', release: s.guest('g3').context.release! },
      /h3 is restarting/,
    );
    s.refuse(
      'guest.granted',
      'guest/g3',
      { ...grant, counter: 7, release: s.guest('g3').context.release! },
      /not in life 7/,
    );
  });

  test('a proof for an earlier life of the host releases nothing', () => {
    const s = three();
    s.suspect('h3');
    s.prove('h3', 0);
    expect(s.host('h3').state).toBe('suspect');
    expect(s.guest('g3').context.release).toBeNull();
  });

  test('a start under way on a host that is lost is withdrawn, and the guest goes on elsewhere', () => {
    const s = story(spec(3, { g1: { prefers: 'h3' } }));
    for (const host of ['h1', 'h2', 'h3']) s.join(host);
    s.placeAll();
    expect(s.intent('start', 'guest/g1')).toMatchObject({ host: 'h3' });
    s.suspect('h3');
    expect(runnable(s.fleet).held.map(({ why }) => why)).toContain('h3 is suspect');
    s.prove('h3');
    expect(s.intent('start', 'guest/g1')).toBeUndefined();
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h1' } } });
  });

  test('silence that ends before the proof clears host and guests', () => {
    const s = three();
    s.suspect('h3');
    s.append('host.cleared', 'host/h3', { counter: 1, why: 'heard again' });
    expect(s.host('h3')).toMatchObject({ state: 'running', context: { suspectedAtMs: null } });
    expect(s.guest('g3').state).toBe('running');
    expect(s.fleet.intents).toEqual({});
  });

  test.each(['suspect', 'fenced', 'blocked'] as const)(
    'a new life of a %s host tells what runs there: the rest is released by R1',
    (moment) => {
      const s = three();
      s.suspect('h3');
      if (moment === 'fenced') s.prove('h3');
      if (moment === 'blocked')
        s.append('fence.failed', 'host/h3', { counter: 1, attempts: [{ method: 'ipmi', reason: 'dead' }] });
      const kept = s.guest('g4').context.grant!;
      const joined = s.join('h3', 2, [{ guest: 'g4', token: kept.token, state: 'running' }]);
      expect(s.host('h3')).toMatchObject({ state: 'running', context: { fence: null, incarnation: { counter: 2 } } });
      if (moment !== 'fenced') expect(s.guest('g3').context.release).toEqual({ kind: 'R1', entry: joined });
      expect(s.guest('g4'), 'seen running is running').toMatchObject({
        state: 'running',
        context: { release: null, grant: { ...kept, counter: 2 } },
      });
      s.settle();
      expect(s.guest('g3')).toMatchObject({ state: 'running', context: { grant: { host: 'h3', counter: 2 } } });
      expect(s.fleet.intents).toEqual({});
    },
  );

  test('the word of a life that is over or proven stopped has no force', () => {
    const s = three();
    s.refuse(
      'host.joined',
      'host/h3',
      { incarnation: { bootId: 'b', counter: 0 }, selfFencing: true, watchdog: '', instances: [] },
      /life 0 of h3 is over/,
    );
    s.suspect('h3');
    s.prove('h3');
    s.refuse(
      'host.joined',
      'host/h3',
      { incarnation: { bootId: 'b', counter: 1 }, selfFencing: true, watchdog: '', instances: [] },
      /proven stopped/,
    );
    expect(s.host('h3').state).toBe('restarting');
  });

  test('the whole cluster off and on: each guest returns to where it was once its host is back and all are accounted for', () => {
    const s = three();
    s.elect('h1');
    s.join('h1', 2);
    s.join('h2', 2);
    expect(runnable(s.fleet).ready).toEqual([]);
    expect(runnable(s.fleet).held[0]?.why).toMatch(/nothing starts before h3 answered/);
    s.join('h3', 2);
    s.settle();
    for (const [guest, host] of Object.entries({ g1: 'h1', g2: 'h2', g3: 'h3', g4: 'h3' })) {
      expect(s.guest(guest)).toMatchObject({ state: 'running', context: { grant: { host, counter: 2 } } });
    }
  });
});

describe('a life that voters have leased and the log knows nothing of', () => {
  const report = (s: Story, life: number) => s.append('leases.reported', 'cluster', { lives: { h3: life } });
  const fenced = () => {
    const s = three();
    s.suspect('h3');
    s.prove('h3');
    s.settle();
    s.elect('h2');
    for (const host of ['h1', 'h2']) s.survey(host, 1, running1(s, host));
    return s;
  };

  test('of a host that was proven stopped holds everything up until it has said what it runs', () => {
    const s = fenced();
    expect(startsHeld(s.fleet)).toEqual([]);
    report(s, 2);
    expect(s.host('h3')).toMatchObject({ state: 'running', context: { fence: null, selfFencing: false } });
    expect(startsHeld(s.fleet)).toEqual(['h3']);
    s.join('h3', 2);
    expect(startsHeld(s.fleet)).toEqual([]);
    expect(s.host('h3')).toMatchObject({ state: 'running', context: { selfFencing: true } });
  });

  test('is what must be proven stopped, when it is silent: no proof of an earlier life will do', () => {
    const s = fenced();
    report(s, 4);
    s.suspect('h3');
    expect(s.intent('fence', 'host/h3')).toMatchObject({ counter: 4 });
    s.prove('h3', 3);
    expect(s.host('h3').state).toBe('suspect');
    s.prove('h3', 4);
    expect(s.host('h3').context.fence).toMatchObject({ counter: 4 });
    expect(startsHeld(s.fleet)).toEqual([]);
  });

  test('widens a fence that is under way, also of a host that could not be proven stopped', () => {
    for (const blocked of [false, true]) {
      const s = three();
      s.suspect('h3');
      if (blocked) s.append('fence.failed', 'host/h3', { counter: 1, attempts: [] });
      s.elect('h2');
      report(s, 2);
      expect(s.intent('fence', 'host/h3')).toMatchObject({ counter: 2 });
      s.prove('h3', 1);
      expect(startsHeld(s.fleet)).toContain('h3');
      expect(s.intent('fence', 'host/h3')).toBeDefined();
    }
  });

  test('of a host that has never registered is waited for, however long it takes', () => {
    const s = story(three().fleet.spec!);
    for (const host of ['h1', 'h2']) s.join(host);
    report(s, 0);
    expect(s.fleet.timers['host/h3/settle']).toBeUndefined();
    expect(startsHeld(s.fleet)).toEqual(['h3']);
  });

  test('ends the earlier ones: a registration of theirs that comes late has no force', () => {
    const s = fenced();
    report(s, 3);
    const late = { incarnation: { bootId: 'b', counter: 2 }, selfFencing: true, watchdog: '', instances: [] };
    s.refuse('host.joined', 'host/h3', late, /it is in life 3/);
  });

  test('that the log knows, registered or proven stopped, changes nothing', () => {
    const s = fenced();
    report(s, 1);
    expect(s.host('h3').state).not.toBe('running');
    expect(startsHeld(s.fleet)).toEqual([]);
  });
});

describe('the lost host', () => {
  test('is switched on, expected, and serves again', () => {
    const s = three();
    s.suspect('h3');
    s.prove('h3');
    expect(s.host('h3').state).toBe('restarting');
    expect(s.intent('fence', 'host/h3')).toBeUndefined();
    s.outcome('succeeded', 'power-on', 'host/h3');
    expect(s.host('h3').state).toBe('rejoining');
    expect(s.fleet.timers['host/h3/rejoin']).toBeDefined();
    s.join('h3', 2);
    expect(s.host('h3')).toMatchObject({ state: 'running', context: { fence: null } });
    expect(s.fleet.timers['host/h3/rejoin']).toBeUndefined();
  });

  test('that cannot be proven stopped is blocked, tried again every 10 s, and released by a signed word', () => {
    const s = three();
    s.suspect('h3');
    s.append('fence.failed', 'host/h3', { counter: 1, attempts: [{ method: 'ipmi', reason: 'no answer' }] });
    expect(s.host('h3')).toMatchObject({ state: 'blocked', context: { why: expect.stringMatching(/no answer/) } });
    expect(s.guest('g3').context.release).toBeNull();
    const blockedAtMs = s.fleet.nowMs;
    s.fire('host/h3/fence');
    expect(s.fleet.nowMs - blockedAtMs).toBe(10_000);
    expect(s.intent('fence', 'host/h3')).toBeDefined();
    s.append('fence.failed', 'host/h3', { counter: 1, attempts: [] });
    expect(s.intent('fence', 'host/h3')).toBeUndefined();
    s.elect('h2');
    expect(s.intent('fence', 'host/h3'), 'another leader tries at once').toBeDefined();
    for (const host of ['h1', 'h2']) s.survey(host, 1, running1(s, host));
    const proof = {
      kind: 'R5' as const,
      by: 'ann',
      checked: 'the plug is out',
      key: 'U',
      signature: 's',
      blockedBy: [],
    };
    s.append('fence.proven', 'host/h3', { counter: 1, proof });
    s.settle();
    expect(s.guest('g3')).toMatchObject({
      state: 'running',
      context: { grant: { host: expect.stringMatching(/h[12]/) } },
    });
  });

  test('that does not come back is power-cycled with back-off, then quarantined', () => {
    const s = three({ hostLadder: { powerCycle: { tries: 2, withinMs: 3_600_000, backoffMs: 5_000 } } });
    s.suspect('h3');
    s.prove('h3');
    s.outcome('succeeded', 'power-on', 'host/h3');
    s.append('timer.fired', 'host/h3', {
      timer: 'host/h3/rejoin',
      armedSeq: s.fleet.timers['host/h3/rejoin']!.armedSeq,
    });
    expect(s.host('h3').state).toBe('fenced');
    const waited = s.fleet.timers['host/h3/power-on']!.dueMs - s.fleet.nowMs;
    expect(waited).toBe(5_000);
    s.fire('host/h3/power-on');
    s.outcome('succeeded', 'power-on', 'host/h3');
    s.fire('host/h3/rejoin');
    expect(s.host('h3')).toMatchObject({ state: 'quarantined', context: { why: expect.stringMatching(/person/) } });
    expect(s.fleet.intents).not.toHaveProperty('host/h3/power-on');
    s.join('h3', 2);
    expect(s.host('h3').state, 'a person brought it back').toBe('running');
  });

  test('that cannot be switched on is asked again for hours, and spends no power cycle by that', () => {
    const s = three();
    s.suspect('h3');
    s.prove('h3');
    const beganMs = s.fleet.nowMs;
    const waits: number[] = [];
    for (let i = 0; i < 99; i += 1) {
      s.outcome(i % 2 === 0 ? 'failed' : 'unknown', 'power-on', 'host/h3');
      expect(s.host('h3').state).toBe('fenced');
      waits.push(s.fleet.timers['host/h3/switch-on']!.dueMs - s.fleet.nowMs);
      s.fire('host/h3/switch-on');
    }
    expect([waits[0], waits[1], waits.at(-1)]).toEqual([5_000, 10_000, 300_000]);
    expect(s.fleet.nowMs - beganMs).toBeGreaterThan(7 * 3_600_000);
    expect(s.host('h3').context.tries.powerCycle).toHaveLength(1);
    s.outcome('succeeded', 'power-on', 'host/h3');
    expect(s.host('h3')).toMatchObject({ state: 'rejoining', context: { tries: { powerOn: [] } } });
  });

  test('is left alone once a person has taken it into maintenance, whatever was to be tried next', () => {
    const s = three({ hostLadder: { powerCycle: { tries: 2, withinMs: 3_600_000, backoffMs: 5_000 } } });
    s.suspect('h3');
    s.prove('h3');
    s.outcome('succeeded', 'power-on', 'host/h3');
    s.append('maintenance.started', 'host/h3', { by: 'ann' });
    s.fire('host/h3/rejoin');
    expect(s.host('h3')).toMatchObject({ state: 'maintenance', context: { why: expect.stringMatching(/left alone/) } });
    expect(s.intent('power-on', 'host/h3')).toBeUndefined();
    s.append('maintenance.ended', 'host/h3', { by: 'ann' });
    expect(s.intent('power-on', 'host/h3'), 'wanted back').toBeDefined();
    s.join('h3', 2);
    expect(s.host('h3').state).toBe('running');
  });

  test('in maintenance and empty is proven stopped and stays there; with guests it is recovered like any other', () => {
    const s = three();
    s.append('maintenance.started', 'host/h3', { by: 'ann' });
    for (const guest of ['g3', 'g4']) {
      s.append('guest.ordered', `guest/${guest}`, { desired: 'stopped', by: 'ann' });
      s.outcome('succeeded', 'stop', `guest/${guest}`);
    }
    s.append('maintenance.started', 'host/h2', { by: 'ann' });
    for (const host of ['h2', 'h3']) {
      s.suspect(host);
      s.prove(host);
    }
    expect(s.host('h3').state).toBe('maintenance');
    expect(s.host('h2').state).toBe('restarting');
    s.join('h3', 2);
    expect(s.host('h3')).toMatchObject({ state: 'maintenance', context: { fence: null } });
  });

  test('may be installed anew where that is allowed', () => {
    const s = three({ hostLadder: { powerCycle: { tries: 0 }, reinstall: 'allowed' } });
    s.suspect('h3');
    s.prove('h3');
    expect(s.host('h3').state).toBe('reinstalling');
    expect(s.intent('reinstall', 'host/h3')).toEqual({ type: 'reinstall', host: 'h3' });
    s.outcome('failed', 'reinstall', 'host/h3');
    expect(s.host('h3').state).toBe('quarantined');
  });

  test('fenced by order of a person, in service or not', () => {
    const s = three();
    s.append('fence.requested', 'host/h2', { by: 'ann', reason: 'smoke' });
    expect(s.host('h2').state).toBe('fencing');
    s.append('host.cleared', 'host/h2', { counter: 1, why: 'heard' });
    expect(s.host('h2').state, 'a heartbeat does not call it off').toBe('fencing');
    s.prove('h2');
    s.settle();
    expect(s.guest('g2')).toMatchObject({
      state: 'running',
      context: { grant: { host: expect.not.stringMatching('h2') } },
    });
  });
});

const running1 = (s: ReturnType<typeof three>, host: string) =>
  Object.values(s.fleet.guests).flatMap(({ context: { id, grant, release } }) =>
    grant?.host === host && release === null ? [{ guest: id, token: grant.token, state: 'running' as const }] : [],
  );

describe('a host in service', () => {
  test('libvirt in trouble is repaired within its budget, and costs no guest', () => {
    const s = three({ hostLadder: { repair: { tries: 2, withinMs: 600_000, backoffMs: 2_000 } } });
    s.append('host.degraded', 'host/h3', { what: 'libvirt', reason: 'no answer' });
    expect(s.intent('repair', 'host/h3')).toEqual({ type: 'repair', host: 'h3', what: 'libvirt' });
    s.outcome('unknown', 'repair', 'host/h3');
    s.fire('host/h3/repair');
    s.outcome('failed', 'repair', 'host/h3');
    s.fire('host/h3/repair');
    expect(s.intent('repair', 'host/h3')).toBeUndefined();
    expect(s.host('h3')).toMatchObject({ state: 'running', context: { why: expect.stringMatching(/person/) } });
    expect(s.guest('g3').state).toBe('running');
    s.append('host.restored', 'host/h3', { what: 'libvirt' });
    expect(s.host('h3').context.degraded).toEqual({});
  });

  test('a watchdog in trouble: the lease of this host proves nothing until it works again', () => {
    const s = three();
    s.append('host.degraded', 'host/h3', { what: 'watchdog', reason: 'not armed' });
    expect(s.host('h3').context.selfFencing).toBe(false);
    s.append('host.restored', 'host/h3', { what: 'watchdog' });
    expect(s.host('h3').context.selfFencing).toBe(true);
  });

  test('maintenance: draining while it has guests, then kept free; ends by order; survives a restart', () => {
    const s = three();
    s.append('maintenance.started', 'host/h3', { by: 'ann' });
    expect(s.host('h3').state).toBe('draining');
    for (const guest of ['g3', 'g4']) {
      s.append('guest.ordered', `guest/${guest}`, { desired: 'stopped', by: 'ann' });
      s.outcome('succeeded', 'stop', `guest/${guest}`);
    }
    expect(s.host('h3').state).toBe('maintenance');
    s.append('guest.ordered', 'guest/g3', { desired: 'running', by: 'ann' });
    s.settle();
    expect(s.guest('g3').context.grant?.host).not.toBe('h3');
    s.suspect('h3');
    s.prove('h3');
    s.join('h3', 2);
    expect(s.host('h3').state).toBe('maintenance');
    s.append('maintenance.ended', 'host/h3', { by: 'ann' });
    expect(s.host('h3').state).toBe('running');
  });

  test('every state says why, and by which entry', () => {
    const s = three();
    const said = s.suspect('h3');
    expect(s.host('h3').context).toMatchObject({
      why: 'h3 has been silent for 1.0 s towards h1; it is being proven stopped',
      cause: said,
    });
    expect(s.guest('g3').context).toMatchObject({ why: 'h3 has been silent for 1.0 s towards h1', cause: said });
  });
});
