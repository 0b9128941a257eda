/** A host that is to be emptied: who goes, who stays and why, and when it ends. */
import { describe, expect, test } from 'vitest';
import { drainSteps, leaving } from '../../machines/drain.ts';
import { explain } from '../../machines/explain.ts';
import { stateHash } from '../../machines/state-hash.ts';
import { running, type Story, spec } from './given.ts';

const onH1 = { prefers: 'h1' };
/** As the leader does it: whatever is due is written, then placed. Returns what was written. */
function look(s: Story): string[] {
  const steps = drainSteps(s.fleet);
  for (const step of steps) s.write(step);
  s.placeAll();
  return steps.map(({ type, subject }) => `${type} ${subject}`);
}
const drain = (s: Story, host = 'h1') =>
  s.append('maintenance.started', `host/${host}`, { by: 'ann', drain: true }, { cause: 'operator' });
const asks = (...guests: string[]) => guests.map((guest) => `guest.migration-requested guest/${guest}`);
const is = (s: Story) => leaving(s.fleet, 'h1').map((one) => `${one.guest} ${one.is === 'stays' ? one.code : one.is}`);

describe('a host that is to be emptied', () => {
  test('sends two guests away at a time, the most important first, and is free when the last has left', () => {
    const s = running(spec(3, { g1: onH1, g2: onH1, g3: { ...onH1, priority: 900 } }));
    const order = drain(s);
    expect(look(s)).toEqual(asks('g3', 'g1'));
    expect(s.entries.at(-3)?.entry).toMatchObject({ cause: order, data: { by: 'ann', drains: 'h1' } });
    expect(is(s)).toEqual(['g3 moving', 'g1 moving', 'g2 next']);
    expect(look(s)).toEqual([]);
    s.outcome('succeeded', 'migrate', 'guest/g1');
    expect(look(s)).toEqual(asks('g2'));
    s.outcome('succeeded', 'migrate', 'guest/g2');
    s.outcome('succeeded', 'migrate', 'guest/g3');
    expect(s.host('h1').state).toBe('maintenance');
    expect(look(s)).toEqual([]);
  });

  test('keeps its guests if that was ordered, also in the middle', () => {
    const s = running(spec(3, { g1: onH1, g2: onH1, g3: onH1 }));
    s.append('maintenance.started', 'host/h1', { by: 'ann' });
    expect(look(s)).toEqual([]);
    drain(s);
    expect(look(s)).toEqual(asks('g1', 'g2'));
    s.append('maintenance.started', 'host/h1', { by: 'ann' });
    s.outcome('succeeded', 'migrate', 'guest/g1');
    expect(look(s)).toEqual([]);
    expect(s.host('h1').state).toBe('draining');
  });

  test('asks nobody while frozen, braked, or before every host has answered a new leader', () => {
    const s = running(spec(3, { g1: onH1 }));
    drain(s);
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
    expect(look(s)).toEqual([]);
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    s.append('brake.applied', 'cluster', { silent: ['h2', 'h3'], of: 3 });
    expect(look(s)).toEqual([]);
    s.append('brake.released', 'cluster', { by: 'h1' });
    s.elect('h2');
    s.survey('h1', 1, [{ guest: 'g1', token: s.guest('g1').context.grant!.token, state: 'running' }]);
    s.survey('h2');
    expect(look(s)).toEqual([]);
    s.survey('h3');
    expect(look(s)).toEqual(asks('g1'));
  });

  test('whose maintenance ends in a freeze keeps a guest that was asked to leave and has no place yet', () => {
    const s = running(spec(3, { g1: onH1 }));
    drain(s);
    for (const step of drainSteps(s.fleet)) s.write(step);
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
    s.append('maintenance.ended', 'host/h1', { by: 'ann' });
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    s.placeAll();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { migratingTo: null } });
    expect(s.host('h1').state).toBe('running');
  });

  test('waits for a guest that is being recovered, and leaves a paused one alone', () => {
    const s = running(spec(3, { g1: onH1, g2: onH1 }));
    const of = (guest: string) => s.guest(guest).context.grant!;
    s.append('guest.paused', 'guest/g2', { ...of('g2'), why: 'by hand' });
    s.append('guest.hung', 'guest/g1', { ...of('g1'), probe: 'qemu', detail: '' });
    drain(s);
    expect(is(s)).toEqual(['g1 waits', 'g2 IN_TROUBLE']);
    expect(look(s)).toEqual([]);
  });
});

describe('a guest that cannot leave', () => {
  test('for want of room is said once, with what to do, and leaves when there is room', () => {
    const small = { capacity: { memoryMiB: 1024, vcpus: 4 } };
    const s = running(
      spec({ h1: {}, h2: small }, { g1: { ...onH1, resources: { memoryMiB: 1024, vcpus: 1 } }, g2: { prefers: 'h2' } }),
    );
    drain(s);
    expect(look(s)).toEqual(['drain.changed host/h1']);
    expect(s.host('h1').context.why).toMatch(/g1 stays \(NO_PLACE\).*h2: needs 1024 MiB, 0 MiB free/);
    expect(look(s)).toEqual([]);
    expect(explain('host/h1', s.entries, s.fleet).join('\n')).toMatch(/g1 stays \(NO_PLACE\).*to do: make room/);
    s.append('guest.ordered', 'guest/g2', { desired: 'stopped', by: 'ann' });
    s.outcome('succeeded', 'stop', 'guest/g2');
    expect(look(s)).toEqual(asks('g1'));
  });

  test('because its mate runs there too stays with it, and others leave', () => {
    const s = running(spec(3, { g1: onH1, g2: { ...onH1, together: ['g1'] }, g3: onH1 }));
    drain(s);
    expect(look(s)).toEqual(asks('g3'));
    s.outcome('succeeded', 'migrate', 'guest/g3');
    expect(look(s)).toEqual(['drain.changed host/h1']);
    expect(is(s)).toEqual(['g1 TOGETHER', 'g2 TOGETHER']);
    expect(s.host('h1').state).toBe('draining');
  });

  test('is tried three times, each time on another host while there is one, with a pause, then a person is needed', () => {
    const s = running(spec(3, { g1: onH1 }));
    const targets: (string | undefined)[] = [];
    drain(s);
    for (const next of ['waits', 'waits', 'MOVE_FAILED']) {
      expect(look(s)).toEqual(asks('g1'));
      targets.push(s.guest('g1').context.migratingTo?.host);
      s.outcome('failed', 'migrate', 'guest/g1');
      expect(s.guest('g1').state).toBe('running');
      expect(is(s)).toEqual([`g1 ${next}`]);
      if (next === 'waits') {
        expect(look(s)).toEqual([]);
        s.fire('host/h1/drain');
      }
    }
    expect(targets.slice(0, 2).sort()).toEqual(['h2', 'h3']);
    expect(look(s)).toEqual(['drain.changed host/h1']);
    expect(look(s)).toEqual([]);
    // Ordered once more, it is tried once more.
    drain(s);
    expect(look(s)).toEqual(asks('g1'));
  });
});

test('a host that dies while it is emptied is recovered, and comes back into maintenance', () => {
  const s = running(spec(3, { g1: onH1, g2: onH1, g3: onH1 }));
  drain(s);
  look(s);
  s.suspect('h1');
  expect(look(s)).toEqual([]);
  s.prove('h1');
  s.settle();
  expect(s.guest('g3').context.grant?.host).not.toBe('h1');
  s.join('h1', 2);
  expect(s.host('h1').context.maintenance).toBe(true);
});

test('a log of the time before hosts were emptied folds to what it always did', () => {
  const s = running(spec(3, { g1: onH1, g2: onH1 }));
  s.append('maintenance.started', 'host/h1', { by: 'ann' });
  s.append('guest.migration-requested', 'guest/g1', { to: null, by: 'ann' });
  s.placeAll();
  s.outcome('failed', 'migrate', 'guest/g1');
  s.append('maintenance.ended', 'host/h1', { by: 'ann' });
  expect(JSON.stringify(s.fleet)).not.toContain('drain');
  expect(stateHash(s.fleet)).toBe('d2de29d0960db39b3dc8b05cc2bc1e4c21cc3ef20fa265b856539f541d743787');
});
