/** What outlives a daemon: a voter's registers, an agent's memory, a controller's journal. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTokens, type Stored } from '../../machines/entries.ts';
import { emptyFleet, GENESIS_HASH } from '../../machines/fleet.ts';
import type { AgentMemory, Journal, VoterRegisters } from '../../services/ports.ts';
import { codeOf } from '../sqlite/scratch.ts';
import { chain } from './chain.ts';
import type { Passing } from './time.ts';

export interface StateHarness<Store> extends Passing {
  /** The store, new and empty. */
  readonly store: Store;
  /** The same store as the next daemon finds it. */
  restart(): Store;
  /**
   * Another process writes 1, 2, 3 … to the store (a counter of h1, a grant of g1 under token 1.n, entry n) and is
   * killed in the middle of it. What had returned by then, and the store as the next daemon finds it.
   */
  killed(): Promise<{ readonly written: number; readonly store: Store }>;
  /** For registers and an agent's memory: another text whenever the disk has been written. */
  disk(): string;
}

/** Which of these calls write the disk. */
const writing = (it: StateHarness<unknown>, calls: Readonly<Record<string, () => unknown>>): readonly string[] =>
  Object.keys(calls).filter((name) => {
    const before = it.disk();
    calls[name]!();
    return it.disk() !== before;
  });

export function registersContract(name: string, makeHarness: () => StateHarness<VoterRegisters>): void {
  describe(`VoterRegisters, ${name}`, () => {
    test('only rise, whatever is asked and in whatever order, over any number of restarts', () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('epoch' as const), value: fc.nat(50) }),
        fc.record({ kind: fc.constantFrom('h1' as const, 'h2' as const), value: fc.nat(50) }),
        fc.record({ kind: fc.constant('promised' as const), value: fc.nat(50) }),
        fc.record({ kind: fc.constant('restart' as const) }),
      );
      const it = makeHarness();
      let registers = it.store;
      const model = { epoch: 0, h1: -1, h2: -1, promised: -1 };
      const raise = (kind: keyof typeof model, value: number) => {
        if (kind === 'epoch') return registers.raiseEpoch(value);
        return kind === 'promised' ? registers.raisePromised('h1', value) : registers.raiseBlocked(kind, value);
      };
      fc.assert(
        fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
          for (const s of steps) {
            if (s.kind === 'restart') registers = it.restart();
            else {
              model[s.kind] = Math.max(model[s.kind], s.value);
              expect(raise(s.kind, s.value)).toBe(model[s.kind]);
            }
            expect(registers.highestEpoch()).toBe(model.epoch);
            expect([registers.blockedCounter('h1'), registers.blockedCounter('h2')]).toEqual([model.h1, model.h2]);
            expect([registers.promisedCounter('h1'), registers.promisedCounter('h2')]).toEqual([model.promised, -1]);
          }
        }),
        { numRuns: 40 },
      );
    });

    test('what a raise returned survives kill -9 in the middle of the next', async () => {
      const { written, store } = await makeHarness().killed();
      expect(written).toBeGreaterThanOrEqual(30);
      expect(store.blockedCounter('h1')).toBeGreaterThanOrEqual(written);
    });

    test('only a raise that raises something writes the disk', () => {
      const it = makeHarness();
      const { store } = it;
      expect(
        writing(it, {
          'epoch 4': () => store.raiseEpoch(4),
          'epoch 4 again': () => store.raiseEpoch(4),
          'epoch 3': () => store.raiseEpoch(3),
          'h1 0': () => store.raiseBlocked('h1', 0),
          'h1 0 again': () => store.raiseBlocked('h1', 0),
          'h2 2': () => store.raiseBlocked('h2', 2),
          'h1 leased 1': () => store.raisePromised('h1', 1),
          'h1 leased 1 again': () => store.raisePromised('h1', 1),
          'a look': () => store.blockedCounter('h2'),
        }),
      ).toEqual(['epoch 4', 'h1 0', 'h2 2', 'h1 leased 1']);
    });

    test.each([7.5, Number.NaN, Number.POSITIVE_INFINITY, -1])(
      '%d is no counter: refused, and nothing is raised',
      (value) => {
        const { store } = makeHarness();
        store.raiseEpoch(7);
        expect(() => store.raiseEpoch(value)).toThrow();
        expect(() => store.raiseBlocked('h1', value)).toThrow();
        expect(() => store.raisePromised('h1', value)).toThrow();
        expect([store.highestEpoch(), store.blockedCounter('h1')]).toEqual([7, -1]);
      },
    );
  });
}

export function agentMemoryContract(name: string, makeHarness: () => StateHarness<AgentMemory>): void {
  describe(`AgentMemory, ${name}`, () => {
    test('an agent remembers its life, its epoch, its grants and what it has done', () => {
      const it = makeHarness();
      const before = it.store;
      expect([before.incarnation(), before.highestEpoch(), before.grants(), before.done('x')]).toEqual([
        null,
        0,
        [],
        null,
      ]);
      before.setIncarnation({ bootId: 'a', counter: 3 });
      before.setIncarnation({ bootId: 'b', counter: 4 });
      expect(before.raiseEpoch(9)).toBe(9);
      expect(before.raiseEpoch(5)).toBe(9);
      before.putGrant({ guest: 'g2', counter: 4, token: '9.9' });
      before.putGrant({ guest: 'g1', counter: 4, token: '9.10' });
      before.putGrant({ guest: 'g3', counter: 4, token: '9.11' });
      before.putGrant({ guest: 'g1', counter: 4, token: '9.12' });
      before.dropGrant('g3');
      before.putGrant({ guest: 'g4', counter: 4, token: '9.13' });
      before.putGrant({ guest: 'g5', counter: 4, token: '9.14' });
      const ended = { counter: 4, cause: 'process-died', detail: 'killed' } as const;
      before.giveBack({ guest: 'g4', token: '9.13', ...ended });
      before.giveBack({ guest: 'g5', token: '9.14', ...ended });
      before.setTold('9.13');
      before.setDone('guest/g1/start@12', { kind: 'succeeded', detail: 'observed running' });
      before.setDone('guest/g1/start@13', { kind: 'unknown', reason: 'no answer' });
      before.setDone('guest/g1/start@13', { kind: 'failed', reason: 'no image' });

      const after = it.restart();
      expect(after.incarnation()).toEqual({ bootId: 'b', counter: 4 });
      expect(after.highestEpoch()).toBe(9);
      expect(after.grants()).toEqual([
        { guest: 'g1', counter: 4, token: '9.12' },
        { guest: 'g2', counter: 4, token: '9.9' },
      ]);
      expect(after.done('guest/g1/start@12')).toEqual({ kind: 'succeeded', detail: 'observed running' });
      expect(after.done('guest/g1/start@13')).toEqual({ kind: 'failed', reason: 'no image' });
      expect(after.untold()).toEqual([{ guest: 'g5', token: '9.14', ...ended }]);
      expect([after.highestToken('g3'), after.highestToken('g4'), after.highestToken('g6')]).toEqual([
        '9.11',
        '9.13',
        null,
      ]);
    });

    test('the highest token of a guest is the latest by number, whatever came in between', () => {
      const memory = makeHarness().store;
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
    });

    test('a grant it was told is kept survives kill -9', async () => {
      const { written, store } = await makeHarness().killed();
      expect(written).toBeGreaterThanOrEqual(30);
      expect(compareTokens(store.grants()[0]!.token, `1.${written}`)).toBeGreaterThanOrEqual(0);
      expect(store.highestToken('g1')).toBe(store.grants()[0]!.token);
    });

    test('only what changes something writes the disk', () => {
      const it = makeHarness();
      const { store } = it;
      expect(
        writing(it, {
          life: () => store.setIncarnation({ bootId: 'a', counter: 1 }),
          epoch: () => store.raiseEpoch(4),
          'epoch again': () => store.raiseEpoch(4),
          grant: () => store.putGrant({ guest: 'g1', counter: 1, token: '4.9' }),
          'its token': () => store.raiseToken('g1', '4.9'),
          'a later token': () => store.raiseToken('g1', '4.10'),
          drop: () => store.dropGrant('g1'),
          'drop again': () => store.dropGrant('g1'),
          outcome: () => store.setDone('i1', { kind: 'succeeded', detail: '' }),
          'a look': () => store.grants(),
        }),
      ).toEqual(['life', 'epoch', 'grant', 'a later token', 'drop', 'outcome']);
    });

    test('old outcomes are forgotten, so that memory does not grow for ever; recent ones are not', () => {
      const memory = makeHarness().store;
      for (let n = 0; n < 1_200; n++) memory.setDone(`i${n}`, { kind: 'succeeded', detail: '' });
      expect(memory.done('i199')).toBeNull();
      expect(memory.done('i200')).not.toBeNull();
      expect(memory.done('i1199')).not.toBeNull();
    });
  });
}

export const checkpointAt = ({ seq, hash }: Stored) => ({ seq, stateHash: 'x', fleet: { ...emptyFleet, seq, hash } });

export function journalContract(name: string, makeHarness: () => StateHarness<Journal>): void {
  describe(`Journal, ${name}`, () => {
    test('gives back exactly what it was given, over a restart', () => {
      const it = makeHarness();
      const entries = chain(10);
      expect(it.store.head()).toEqual({ seq: 0, hash: GENESIS_HASH });
      expect(it.store.checkpoint()).toBeNull();
      it.store.add(entries.slice(0, 4));
      it.store.add(entries.slice(2, 10));
      it.store.setCheckpoint(checkpointAt(entries[2]!));
      it.store.setCheckpoint(checkpointAt(entries[4]!));
      const journal = it.restart();
      expect(journal.head()).toEqual({ seq: 10, hash: entries[9]!.hash });
      expect(journal.read(1, 10)).toEqual(entries);
      expect(journal.read(3, 5)).toEqual(entries.slice(2, 5));
      expect(journal.read(9, 20)).toEqual(entries.slice(8));
      expect([journal.read(11, 20), journal.read(12, 20), journal.read(5, 4)]).toEqual([[], [], []]);
      expect(journal.checkpoint()).toEqual(checkpointAt(entries[4]!));
    });

    test('a checkpoint made in steps counts from its last step on, and harms nothing when it is given up', () => {
      const it = makeHarness();
      const entries = chain(6);
      it.store.add(entries);
      it.store.setCheckpoint(checkpointAt(entries[1]!));
      for (const _ of it.store.checkpointInSteps(checkpointAt(entries[3]!))) break;
      let journal = it.restart();
      expect(journal.checkpoint()).toEqual(checkpointAt(entries[1]!));
      for (const _ of journal.checkpointInSteps(checkpointAt(entries[4]!)));
      journal = it.restart();
      expect(journal.checkpoint()).toEqual(checkpointAt(entries[4]!));
    });

    test('takes nothing that does not continue the chain, and then nothing of that batch', () => {
      const journal = makeHarness().store;
      const entries = chain(6);
      journal.add(entries.slice(0, 3));
      const [, , third, fourth, fifth] = entries as [Stored, Stored, Stored, Stored, Stored];
      const other = chain(1, { seq: 3, hash: GENESIS_HASH })[0]!;
      expect(codeOf(() => journal.add([fifth]))).toBe('JOURNAL_REFUSED');
      expect(codeOf(() => journal.add([fourth, { ...fifth, hash: third.hash }]))).toBe('JOURNAL_REFUSED');
      expect(codeOf(() => journal.add([other]))).toBe('JOURNAL_REFUSED');
      expect(codeOf(() => journal.add([{ ...third, hash: fourth.hash }]))).toBe('JOURNAL_REFUSED');
      expect(journal.head()).toEqual({ seq: 3, hash: third.hash });
      journal.add([fourth]);
      expect(journal.head().seq).toBe(4);
    });

    test('kill -9 of the daemon loses no entry: only a power loss can', async () => {
      const { written, store } = await makeHarness().killed();
      expect(written).toBeGreaterThanOrEqual(30);
      expect(store.read(1, written)).toEqual(chain(written));
    });
  });
}
