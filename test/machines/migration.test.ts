/** Live migration: one grant, two ends; nothing starts the guest before both are proven stopped. */
import { describe, expect, test } from 'vitest';
import { running, type Story, spec } from './given.ts';

function moving(): Story {
  const s = running(spec(3, { g1: { prefers: 'h1' } }));
  s.append('guest.migration-requested', 'guest/g1', { to: 'h2', by: 'ann' });
  expect(s.guest('g1').state).toBe('running');
  s.placeAll();
  return s;
}
const ends = (s: Story) => ({
  at: s.guest('g1').context.grant?.host,
  to: s.guest('g1').context.migratingTo?.host ?? null,
});
const place = (s: Story) => s.intent('place', 'guest/g1');

describe('a migration', () => {
  test('shares the grant of the source until it has succeeded, then the target has it', () => {
    const s = moving();
    const { token } = s.guest('g1').context.grant!;
    expect(s.guest('g1').state).toBe('migrating');
    expect(ends(s)).toEqual({ at: 'h1', to: 'h2' });
    expect(s.intent('migrate', 'guest/g1')).toEqual({ type: 'migrate', guest: 'g1', from: 'h1', to: 'h2', token });
    s.outcome('succeeded', 'migrate', 'guest/g1');
    expect(s.guest('g1').state).toBe('running');
    expect(s.guest('g1').context.grant).toEqual({ host: 'h2', counter: 1, token });
  });

  test('that failed leaves it where it was', () => {
    const s = moving();
    s.outcome('failed', 'migrate', 'guest/g1');
    expect(s.guest('g1').state).toBe('running');
    expect(ends(s)).toEqual({ at: 'h1', to: null });
  });

  test('of unknown end is asked about again, and nothing else', () => {
    const s = moving();
    s.outcome('unknown', 'migrate', 'guest/g1');
    expect(s.fleet.intents).toEqual({});
    s.fire('guest/g1/migrate');
    expect(s.intent('migrate', 'guest/g1')).toMatchObject({ from: 'h1', to: 'h2' });
  });

  test('to a host that cannot take it is refused, and the guest runs on', () => {
    const s = running(spec({ h1: {}, h2: { capacity: { memoryMiB: 512, vcpus: 1 } } }, { g1: {} }));
    s.append('guest.migration-requested', 'guest/g1', { to: 'h2', by: 'ann' });
    s.placeAll();
    expect(s.guest('g1')).toMatchObject({
      state: 'running',
      context: { why: expect.stringMatching(/needs 1024 MiB/) },
    });
  });

  test.each(['succeeded', 'failed'] as const)(
    '%s: who belongs with it and is wanted meanwhile waits for that end',
    (verdict) => {
      const s = running(spec(3, { g1: { prefers: 'h1' }, g2: { together: ['g1'], desired: 'stopped' } }));
      s.append('guest.migration-requested', 'guest/g1', { to: 'h2', by: 'ann' });
      s.placeAll();
      s.append('guest.ordered', 'guest/g2', { desired: 'running', by: 'ann' });
      s.placeAll();
      expect(s.guest('g2')).toMatchObject({
        state: 'blocked',
        context: { why: expect.stringMatching(/which is moving/) },
      });
      s.outcome(verdict, 'migrate', 'guest/g1');
      s.placeAll();
      const host = verdict === 'succeeded' ? 'h2' : 'h1';
      expect(s.intent('start', 'guest/g2')).toMatchObject({ host });
      expect(ends(s).at).toBe(host);
    },
  );

  test('ordered to stop meanwhile: stops where it arrives', () => {
    const s = moving();
    s.append('guest.ordered', 'guest/g1', { desired: 'stopped', by: 'ann' });
    s.outcome('succeeded', 'migrate', 'guest/g1');
    expect(s.guest('g1').state).toBe('stopping');
    expect(s.intent('stop', 'guest/g1')).toMatchObject({ host: 'h2' });
  });
});

describe('an end dies in the middle', () => {
  test('the target: the source is asked, and has it', () => {
    const s = moving();
    s.suspect('h2');
    s.prove('h2');
    expect(place(s)).toBeUndefined();
    expect(ends(s)).toEqual({ at: 'h1', to: null });
    s.outcome('failed', 'migrate', 'guest/g1');
    expect(s.guest('g1').state).toBe('running');
    expect(ends(s).at).toBe('h1');
  });

  test('the target, after the source had handed over: both are gone, so it may start', () => {
    const s = moving();
    s.suspect('h2');
    s.prove('h2');
    s.outcome('succeeded', 'migrate', 'guest/g1');
    expect(s.guest('g1')).toMatchObject({ state: 'relocating', context: { release: { kind: 'R1' } } });
  });

  test('the source: only the target may still run it, and has it', () => {
    const s = moving();
    s.suspect('h1');
    s.prove('h1');
    expect(place(s), 'the target may run it').toBeUndefined();
    expect(s.guest('g1').context).toMatchObject({ grant: { host: 'h2' }, release: null });
    s.outcome('succeeded', 'migrate', 'guest/g1');
    expect(s.guest('g1').state).toBe('running');
    expect(ends(s)).toEqual({ at: 'h2', to: null });
  });

  test.each(['unknown', 'failed'] as const)(
    'the source, and the target cannot tell (%s): it is stopped there and seen gone before any start',
    (verdict) => {
      const s = moving();
      s.suspect('h1');
      s.prove('h1');
      s.outcome(verdict, 'migrate', 'guest/g1');
      expect(s.guest('g1').state).toBe('stopping');
      expect(s.intent('stop', 'guest/g1')).toMatchObject({ host: 'h2' });
      expect(place(s)).toBeUndefined();
      s.outcome('succeeded', 'stop', 'guest/g1');
      s.settle();
      expect(s.guest('g1')).toMatchObject({ state: 'running', context: { tries: { inPlace: [], relocate: [] } } });
    },
  );

  test.each([
    ['h1', 'h2'],
    ['h2', 'h1'],
  ] as const)('both, %s first: it starts on the second proof and not before', (first, second) => {
    const s = moving();
    s.suspect(first);
    s.suspect(second);
    s.prove(first);
    expect(place(s)).toBeUndefined();
    s.prove(second);
    s.settle();
    expect(s.guest('g1')).toMatchObject({ state: 'running', context: { grant: { host: 'h3' } } });
  });

  test('seen running at the target by a survey: it has arrived', () => {
    const s = moving();
    const { token } = s.guest('g1').context.grant!;
    s.elect('h3');
    s.survey('h2', 1, [{ guest: 'g1', token, state: 'paused' }]);
    expect(s.guest('g1').state, 'paused there, it may still be arriving').toBe('migrating');
    s.survey('h2', 1, [{ guest: 'g1', token, state: 'running' }]);
    expect(s.guest('g1').state).toBe('running');
    expect(ends(s)).toEqual({ at: 'h2', to: null });
  });

  test('an empty list of the target proves nothing while the source may still be sending', () => {
    const s = moving();
    s.elect('h3');
    s.survey('h2', 1, []);
    expect(ends(s)).toEqual({ at: 'h1', to: 'h2' });
  });
});
