import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openAgentMemory } from '../../adapters/sqlite/agent-memory.ts';
import { compareTokens } from '../../machines/entries.ts';
import { inProcess } from './in-process.ts';
import { scratch } from './scratch.ts';

test('an agent remembers its life, its epoch, its grants and what it has done', () => {
  const file = join(scratch(), 'agent.sqlite');
  const before = openAgentMemory(file);
  expect([before.incarnation(), before.highestEpoch(), before.grants(), before.done('x')]).toEqual([null, 0, [], null]);
  before.setIncarnation({ bootId: 'a', counter: 3 });
  before.setIncarnation({ bootId: 'b', counter: 4 });
  expect(before.raiseEpoch(9)).toBe(9);
  expect(before.raiseEpoch(5)).toBe(9);
  before.putGrant({ guest: 'g1', counter: 4, token: '9.10' });
  before.putGrant({ guest: 'g2', counter: 4, token: '9.11' });
  before.putGrant({ guest: 'g1', counter: 4, token: '9.12' });
  before.dropGrant('g2');
  before.setDone('guest/g1/start@12', { kind: 'succeeded', detail: 'observed running' });
  before.setDone('guest/g1/start@13', { kind: 'unknown', reason: 'no answer' });
  before.setDone('guest/g1/start@13', { kind: 'failed', reason: 'no image' });
  before.close();

  const after = openAgentMemory(file);
  expect(after.incarnation()).toEqual({ bootId: 'b', counter: 4 });
  expect(after.highestEpoch()).toBe(9);
  expect(after.grants()).toEqual([{ guest: 'g1', counter: 4, token: '9.12' }]);
  expect(after.done('guest/g1/start@12')).toEqual({ kind: 'succeeded', detail: 'observed running' });
  expect(after.done('guest/g1/start@13')).toEqual({ kind: 'failed', reason: 'no image' });
  expect(after.highestToken('g2')).toBe('9.11');
  after.close();
});

test('the highest token of a guest is the latest by number, whatever came in between', () => {
  const memory = openAgentMemory(join(scratch(), 'agent.sqlite'));
  const token = fc.tuple(fc.nat(12), fc.nat(120)).map(([epoch, seq]) => `${epoch}.${seq}`);
  let highest: string | null = null;
  fc.assert(
    fc.property(token, fc.boolean(), (next, granted) => {
      if (granted) {
        memory.putGrant({ guest: 'g', counter: 0, token: next });
        memory.dropGrant('g');
      } else memory.raiseToken('g', next);
      if (highest === null || compareTokens(next, highest) > 0) highest = next;
      expect(memory.highestToken('g')).toBe(highest);
    }),
    { numRuns: 100 },
  );
  memory.close();
});

test('a grant it was told is kept survives kill -9', async () => {
  const file = join(scratch(), 'agent.sqlite');
  const agent = inProcess(`
    const memory = openAgentMemory(${JSON.stringify(file)});
    for (let n = 1; ; n++) { memory.putGrant({ guest: 'g1', counter: 0, token: '1.' + n }); say(String(n)); }
  `);
  let kept = 0;
  for await (const line of agent.lines) {
    kept = Number(line);
    if (kept === 30) agent.process.kill('SIGKILL');
  }
  const memory = openAgentMemory(file);
  expect(compareTokens(memory.grants()[0]!.token, `1.${kept}`)).toBeGreaterThanOrEqual(0);
  expect(memory.highestToken('g1')).toBe(memory.grants()[0]!.token);
  memory.close();
});

test('old outcomes are forgotten, so that the file does not grow for ever; recent ones are not', () => {
  const memory = openAgentMemory(join(scratch(), 'agent.sqlite'));
  for (let n = 0; n < 1_200; n++) memory.setDone(`i${n}`, { kind: 'succeeded', detail: '' });
  expect(memory.done('i199')).toBeNull();
  expect(memory.done('i200')).not.toBeNull();
  expect(memory.done('i1199')).not.toBeNull();
  memory.close();
});
