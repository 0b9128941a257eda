/** The petter goes on past the lease only on a sight that still holds: two faults that the exhaustive check found. */
import { describe, expect, test } from 'vitest';
import type { Instance } from '../../machines/entries.ts';
import { PROFILES } from '../../machines/times.ts';
import { createQuiesce } from '../../services/agent/quiesce.ts';
import type { Hypervisor, Outcome } from '../../services/ports.ts';

const times = PROFILES.fast;
const say = { info() {}, warn() {}, error() {} };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
type Look = readonly [readonly Instance[], readonly string[]];

/** One guest, paused because the lease is old; looks and resumes end when the test says. */
function paused() {
  let nowMs = 100_000;
  let renewedMs = 0;
  const looks: ((look: Look) => void)[] = [];
  const resumes: ((outcome: Outcome) => void)[] = [];
  const until: number[] = [];
  const clock = { now: () => nowMs, wall: () => nowMs, after: () => () => {} };
  const hypervisor = { resume: () => new Promise<Outcome>((end) => resumes.push(end)) } as unknown as Hypervisor;
  const petter = { setUntil: (ms: number) => void until.push(ms), armed: () => null };
  const look = () => new Promise<Look>((end) => looks.push(end));
  const ports = { clock, hypervisor, petter, say };
  const quiesce = createQuiesce(
    times,
    () => renewedMs,
    () => false,
    () => 0,
    look,
    ports,
  );
  quiesce.assume(['g']);
  nowMs += times.quiesceMs;
  return {
    quiesce,
    until,
    resumes,
    renew() {
      renewedMs = nowMs;
    },
    pass(ms: number) {
      nowMs += ms;
    },
    /** Answers looks with a paused guest until none is asked for any more. */
    async see() {
      for (await turn(); looks.length > 0; await turn())
        looks.shift()!([[{ guest: 'g', token: null, state: 'paused' }], ['g']]);
    },
  };
}

describe('petting past the lease', () => {
  test('goes on while the guest is seen paused', async () => {
    const { quiesce, until, see } = paused();
    const checked = quiesce.check();
    await see();
    await checked;
    expect(until).toHaveLength(1);
  });

  test('does not rest on what was seen before guests were resumed', async () => {
    const { quiesce, until, see, renew, resumes } = paused();
    const checked = quiesce.check();
    await turn();
    renew();
    const lifted = quiesce.lift(() => true);
    await see();
    await checked;
    expect(resumes).toHaveLength(1);
    resumes[0]!({ kind: 'succeeded', detail: '' });
    await lifted;
    expect(until).toEqual([]);
  });

  test('does not go on while a resume is under way that may take effect at any moment', async () => {
    const { quiesce, until, see, renew, resumes, pass } = paused();
    renew();
    const lifted = quiesce.lift(() => true);
    await turn();
    pass(times.quiesceMs);
    const checked = quiesce.check();
    await see();
    await checked;
    expect(until).toEqual([]);
    expect(resumes).toHaveLength(1);
    resumes[0]!({ kind: 'succeeded', detail: '' });
    await lifted;
  });
});
