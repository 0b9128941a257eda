/** The voter of the exhaustive check answers as the real one does, whatever it is asked and whenever. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PROFILES, restartPromiseMs, timesText } from '../../machines/times.ts';
import { createVoter } from '../../services/voter/voter.ts';
import * as model from '../../sim/check/voter.ts';
import { createRegisters } from '../../sim/memory.ts';

const times = PROFILES.fast;
const lengths: model.Lengths = {
  lease: times.leaseMs,
  restart: restartPromiseMs(times),
  leaderLease: times.leaderLeaseMs,
};
const LIVES = 4;
const life = fc.nat(LIVES - 1);
const epoch = fc.nat(4);
const node = fc.nat(1);

const step = fc.oneof(
  // Lengths around those of the promises, so that their ends are met from both sides.
  fc.record({
    kind: fc.constant('pass' as const),
    ms: fc.oneof(fc.nat(6_000), fc.constantFrom(1, 1_250, 5_000, 5_025)),
  }),
  fc.record({ kind: fc.constant('renew' as const), life, epoch }),
  fc.record({ kind: fc.constant('block' as const), life, epoch }),
  fc.record({ kind: fc.constant('campaign' as const), node, epoch, dry: fc.boolean() }),
  fc.record({ kind: fc.constant('renew-leader' as const), node, epoch }),
  fc.record({ kind: fc.constant('resign' as const), node, epoch }),
  fc.record({ kind: fc.constant('restart' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function compare(steps: readonly Step[]): Record<string, number> {
  let nowMs = 1_000;
  const registers = createRegisters();
  const clock = { now: () => nowMs, wall: () => nowMs, after: () => () => {} };
  const signer = { publicKey: 'v', sign: () => 'signed' };
  const begin = () => createVoter({ node: 'v', hosts: ['h'], times }, { clock, registers, signer });
  let real = begin();
  let state = model.newVoter(LIVES, lengths);
  const seen: Record<string, number> = {};
  const same = (what: string, ours: unknown, theirs: unknown) => {
    seen[`${what} ${ours}`] = (seen[`${what} ${ours}`] ?? 0) + 1;
    expect(ours, what).toEqual(theirs);
  };

  for (const one of steps) {
    switch (one.kind) {
      case 'pass':
        nowMs += one.ms;
        state = model.passed(state, one.ms);
        break;
      case 'restart':
        real = begin();
        state = model.restarted(state, lengths);
        break;
      case 'renew': {
        const ours = model.renewed(state, one.life, one.epoch, lengths);
        state = ours.voter;
        const asked = {
          kind: 'renew',
          host: 'h',
          counter: one.life,
          n: 1,
          unleasedMs: 0,
          times: timesText(times),
          epoch: one.epoch,
        } as const;
        same('renewal', ours.kind, real.renew(asked).kind);
        break;
      }
      case 'block': {
        const ours = model.blocked(state, one.life, one.epoch);
        state = ours.voter;
        const theirs = real.answer({ kind: 'block', host: 'h', counter: one.life, epoch: one.epoch });
        same('block', ours.left === null ? 'refused' : 'blocked', theirs.kind);
        if (theirs.kind === 'blocked') expect(ours.left).toBeCloseTo(theirs.answer.remainingMs, 6);
        break;
      }
      case 'campaign': {
        const ours = model.campaigned(state, one.node, one.epoch, one.dry, lengths);
        state = ours.voter;
        const { node: candidate, ...rest } = one;
        const theirs = real.answer({ ...rest, node: `n${candidate}`, times: timesText(times) });
        same('campaign', ours.kind, theirs.kind);
        if (theirs.kind === 'elected') expect(theirs.lives.h ?? -1).toBe(state.promised);
        break;
      }
      case 'renew-leader': {
        const ours = model.leaderRenewed(state, one.node, one.epoch, lengths);
        state = ours.voter;
        same(
          'leader',
          ours.kind,
          real.answer({ kind: 'renew-leader', node: `n${one.node}`, epoch: one.epoch, n: 1 }).kind,
        );
        break;
      }
      case 'resign':
        real.answer({ kind: 'resign', node: `n${one.node}`, epoch: one.epoch });
        state = model.resigned(state, one.node, one.epoch);
    }
    expect([state.epoch, state.blocked, state.promised]).toEqual([
      registers.highestEpoch(),
      registers.blockedCounter('h'),
      registers.promisedCounter('h'),
    ]);
  }
  return seen;
}

describe('the voter of the exhaustive check', () => {
  test('answers as the real one over random questions, waits and restarts', () => {
    const seen: Record<string, number> = {};
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), (steps) => {
        for (const [what, times] of Object.entries(compare(steps))) seen[what] = (seen[what] ?? 0) + times;
      }),
      { numRuns: 400 },
    );
    // Every kind of answer was compared, many times.
    const kinds = [
      'renewal promised',
      'renewal blocked',
      'renewal obey-first',
      'renewal refused',
      'block blocked',
      'block refused',
    ];
    const more = ['campaign promised', 'campaign elected', 'campaign refused', 'leader promised', 'leader refused'];
    for (const what of [...kinds, ...more]) expect(seen[what], what).toBeGreaterThan(30);
  });
});
