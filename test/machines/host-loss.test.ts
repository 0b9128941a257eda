import { expect, test } from 'vitest';
import { explain, explainNot } from '../../machines/explain.ts';
import { running, spec } from './given.ts';

const three = () =>
  running(spec(3, { g1: { prefers: 'h1' }, g2: { prefers: 'h2' }, g3: { prefers: 'h3' }, g4: { prefers: 'h3' } }));

test('power loss of a host: fence, proof, new grant elsewhere, start; the host is switched on and comes back', () => {
  const s = three();
  expect(s.guest('g3')).toMatchObject({ state: 'running', context: { grant: { host: 'h3' }, observed: 'running' } });

  s.suspect('h3');
  expect(s.host('h3').state).toBe('suspect');
  expect(s.guest('g3').state).toBe('suspect');
  expect(s.intent('fence', 'host/h3')).toEqual({ type: 'fence', host: 'h3', counter: 1 });
  expect(s.intent('place', 'guest/g3'), 'nothing is placed before the proof').toBeUndefined();

  const proof = s.prove('h3');
  expect(s.host('h3').state).toBe('restarting');
  expect(s.intent('fence', 'host/h3')).toBeUndefined();
  expect(s.intent('power-on', 'host/h3')).toBeDefined();
  expect(s.guest('g3')).toMatchObject({ state: 'relocating', context: { release: { kind: 'R2', entry: proof } } });

  s.settle();
  for (const name of ['g3', 'g4']) {
    expect(s.guest(name).state).toBe('running');
    expect(['h1', 'h2']).toContain(s.guest(name).context.grant?.host);
  }

  s.outcome('succeeded', 'power-on', 'host/h3');
  expect(s.host('h3').state).toBe('rejoining');
  s.join('h3', 2);
  expect(s.host('h3')).toMatchObject({ state: 'running', context: { fence: null, incarnation: { counter: 2 } } });
  expect(s.fleet.intents).toEqual({});
  console.log(explain('guest/g3', s.entries, s.fleet).join('\n'));
  console.log(explainNot('guest/g3', 'h3', s.entries, s.fleet).join('\n'));
});
