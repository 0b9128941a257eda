/**
 * Leases in time: three voters, the two lives of one host, renewals under way, and a leader that proves a life stopped
 * by lease certificate (R3). Shown: at the proof no lease of that life stands, and none ever will.
 *
 * Real time goes by in ticks. The host's clock is slow by ρ, the leader's fast by ρ, the voters' fast or slow: the sums
 * of docs/safety.md are linear in the rates, so their worst cases are at these ends. Whether the proof or the end of the
 * lease comes first within a tick is computed exactly. The leader's Block is heard and answered in one step: a slower
 * answer only begins the same wait later. Blocks of all other leaders may come at any moment.
 */
import type { World } from './explore.ts';
import { extended } from './holder.ts';
import { leaseLength, restartPromise, waitOut } from './times.ts';
import {
  blocked,
  type Lengths,
  newVoter,
  passed,
  renewed,
  restarted,
  type VoterFlaws,
  type VoterState,
} from './voter.ts';

/** An eighth: the smallest ρ for which all of these are whole numbers of the same unit. */
const RHO = 1 / 8;
const TICK = 64;
const SLOW = TICK * (1 - RHO);
const FAST = TICK * (1 + RHO);
const LIVES = 2;
const PROOFS = ['none', 'blocking', 'waiting', 'proven'] as const;

export interface LeaseFlaws extends VoterFlaws {
  readonly leaseFromAnswer?: boolean;
  readonly noDriftMargin?: boolean;
  readonly noWaitMargin?: boolean;
  readonly oneVoterCertificate?: boolean;
  readonly noWait?: boolean;
}

export interface LeaseBounds {
  /** Length of a promise, ticks of true time. */
  readonly leaseTicks: number;
  /** Renewals under way at a time. */
  readonly renewals: number;
  /** Lives of the host. */
  readonly lives: 1 | 2;
}

interface Voter extends VoterState {
  /** For each renewal under way: 0 not promised, 1 promised, 2 the host has heard so. */
  readonly answers: readonly number[];
  /** Its Block answer is in the certificate. */
  readonly certified: boolean;
}

interface Renewal {
  /** Ticks since it was sent; −1: none. */
  readonly age: number;
  /** Sent when a majority had blocked this life. */
  readonly hopeless: boolean;
}

export interface LeaseState {
  readonly fastVoters: boolean;
  readonly voters: readonly Voter[];
  readonly life: number;
  /** What is left of the lease by the host's clock. */
  readonly lease: number;
  readonly renewals: readonly Renewal[];
  /** That the present life is stopped. */
  readonly proof: (typeof PROOFS)[number];
  /** Blocking: the longest promise reported. Waiting: what is left of the wait, by the leader's clock. */
  readonly wait: number;
  readonly wrong: number;
}

const WRONG = [
  null,
  'the life is proven stopped while its lease stands',
  'a renewal sent after a majority had blocked the life extended its lease',
  'the life is proven stopped while a voter of the certificate still promises it something',
];

export function leaseWorld({ leaseTicks, renewals, lives }: LeaseBounds, flaws: LeaseFlaws = {}): World<LeaseState> {
  const promise = leaseTicks * TICK;
  const lengths: Lengths = { lease: promise, restart: restartPromise(promise, RHO), leaderLease: 0 };
  const length = flaws.noDriftMargin ? promise : leaseLength(promise, RHO);
  const NONE: Renewal = { age: -1, hopeless: false };
  const majority = 2;

  const fresh = (): Voter => ({
    ...newVoter(LIVES, lengths),
    restart: 0,
    answers: Array(renewals).fill(0),
    certified: false,
  });
  const withVoter = (state: LeaseState, at: number, voter: Voter): LeaseState => ({
    ...state,
    voters: state.voters.map((one, i) => (i === at ? voter : one)),
  });
  const blockedBy = (state: LeaseState, life: number) => state.voters.filter((v) => v.blocked >= life).length;
  const dropRenewal = (state: LeaseState, slot: number): LeaseState => ({
    ...state,
    renewals: state.renewals.map((one, i) => (i === slot ? NONE : one)),
    voters: state.voters.map((v) =>
      v.answers[slot] ? { ...v, answers: v.answers.map((a, i) => (i === slot ? 0 : a)) } : v,
    ),
  });
  const judged = (state: LeaseState): LeaseState =>
    state.proof === 'proven' && state.lease > 0 ? { ...state, wrong: 1 } : state;

  /** The leader has its certificate: r(1 + 3ρ) from now. */
  const certified = (state: LeaseState): LeaseState => {
    const wait = flaws.noWait ? 0 : flaws.noWaitMargin ? state.wait : waitOut(state.wait, RHO);
    // Who is in it promises that life nothing more, so what is left now tells whether the wait outlasts it.
    const short = state.voters.some(
      (v) => v.certified && v.promises[state.life]! * FAST > wait * (state.fastVoters ? FAST : SLOW),
    );
    return judged({ ...state, proof: wait > 0 ? 'waiting' : 'proven', wait, wrong: short ? 3 : state.wrong });
  };

  const tick = (state: LeaseState): LeaseState => {
    const voterRate = state.fastVoters ? FAST : SLOW;
    let { proof, wait, wrong } = state;
    if (proof === 'waiting' && wait <= FAST) {
      // The proof falls into this tick, after wait/FAST of it; the lease ends after lease/SLOW of it or later.
      proof = 'proven';
      if (state.lease * FAST > wait * SLOW) wrong = 1;
    }
    const aged = state.renewals.map(({ age, hopeless }) => ({ age: age < 0 ? age : age + 1, hopeless }));
    let next: LeaseState = {
      ...state,
      proof,
      wrong,
      wait: proof === 'waiting' ? wait - FAST : proof === 'proven' ? 0 : wait,
      lease: Math.max(0, state.lease - SLOW),
      renewals: aged,
      voters: state.voters.map((v) => ({ ...v, ...passed(v, voterRate) })),
    };
    // Older than the lease it could make: whoever answers it now changes nothing at the host.
    for (const [slot, { age }] of aged.entries()) if (age > leaseTicks) next = dropRenewal(next, slot);
    return next;
  };

  return {
    name: 'lease',
    words: 3,
    initial: () =>
      [true, false].map((fastVoters) => ({
        fastVoters,
        voters: [fresh(), fresh(), fresh()],
        life: 0,
        lease: 0,
        renewals: Array(renewals).fill(NONE),
        proof: 'none',
        wait: 0,
        wrong: 0,
      })),

    next(state, step) {
      step('a tick of time goes by', tick(state));
      for (const [slot, { age }] of state.renewals.entries()) {
        if (state.renewals.findIndex((one) => one.age === age) !== slot) continue;
        const gone = dropRenewal(state, slot);
        const hopeless = blockedBy(state, state.life) >= majority;
        step(`the host sends renewal ${slot + 1} of life ${state.life}`, {
          ...gone,
          renewals: gone.renewals.map((one, i) => (i === slot ? { age: 0, hopeless } : one)),
        });
      }
      if (state.life + 1 < lives) {
        step(`life ${state.life} of the host ends, life ${state.life + 1} begins`, {
          ...state,
          life: state.life + 1,
          lease: 0,
          renewals: state.renewals.map(() => NONE),
          proof: 'none',
          wait: 0,
          // What was promised to the life that ended could only lengthen a wait.
          voters: state.voters.map((v) => ({
            ...v,
            promises: [0, 0],
            answers: v.answers.map(() => 0),
            certified: false,
          })),
        });
      }
      for (const [i, voter] of state.voters.entries()) {
        const name = `voter ${i + 1}`;
        step(`${name} restarts`, withVoter(state, i, { ...voter, ...restarted(voter, lengths, flaws) }));
        for (const [slot, { age, hopeless }] of state.renewals.entries()) {
          if (age < 0) continue;
          const heard = renewed(voter, state.life, 0, lengths, flaws);
          if (heard.kind === 'promised') {
            const answers = voter.answers.map((a, s) => (s === slot ? Math.max(a, 1) : a));
            step(
              `renewal ${slot + 1} reaches ${name}, which promises`,
              withVoter(state, i, { ...voter, ...heard.voter, answers }),
            );
          }
          if (voter.answers[slot] !== 1) continue;
          const after = withVoter(state, i, { ...voter, answers: voter.answers.map((a, s) => (s === slot ? 2 : a)) });
          const told = `the answer of ${name} to renewal ${slot + 1} reaches the host`;
          if (after.voters.filter((v) => v.answers[slot] === 2).length < majority) step(told, after);
          else {
            const lease = extended(state.lease, length, flaws.leaseFromAnswer ? 0 : age * SLOW);
            const wrong = hopeless && lease > state.lease ? 2 : state.wrong;
            step(`${told}: a majority, it holds a lease`, judged({ ...dropRenewal(after, slot), lease, wrong }));
          }
        }
        const { life } = state;
        if (voter.blocked < life)
          step(
            `another leader has ${name} block life ${life}`,
            withVoter(state, i, { ...voter, ...blocked(voter, life, 0).voter }),
          );
        if (voter.certified || state.proof === 'waiting' || state.proof === 'proven') continue;
        const { left, voter: after } = blocked(voter, life, 0);
        // From here on this promise and the assumption of one are the same to everybody.
        const promises = after.promises.map((promise, of) => (of === life ? left! : promise));
        const asked: LeaseState = {
          ...withVoter(state, i, { ...voter, ...after, promises, certified: true }),
          proof: 'blocking',
          wait: Math.max(state.wait, left!),
        };
        const enough = asked.voters.filter((v) => v.certified).length >= (flaws.oneVoterCertificate ? 1 : majority);
        const told = `the leader has ${name} block life ${life}`;
        step(enough ? `${told} and has its certificate` : told, enough ? certified(asked) : asked);
      }
    },

    encode({ voters, proof, ...state }, into, at) {
      const over = proof === 'waiting' || proof === 'proven';
      const words = voters.map((v) => {
        // What is promised matters until the certificate is there, and no refusal rests on a promise to the newest life:
        // so a promise and the assumption of one are one number, and gone with the certificate.
        const certified = v.certified && !over;
        const left = over ? 0 : certified ? v.promises[state.life]! : Math.max(v.promises[state.life]!, v.restart);
        const answers = v.answers.reduce((word, a, slot) => word | (a << (slot * 2)), 0);
        return (v.blocked >= state.life ? 1 : 0) | ((left / 8) << 1) | ((certified ? 1 : 0) << 7) | (answers << 8);
      });
      words.sort((a, b) => a - b);
      const ages = state.renewals.reduce(
        (word, { age, hopeless }, slot) => word | (((age + 1) | (hopeless ? 8 : 0)) << (slot * 4)),
        0,
      );
      into[at] = words[0]! | (words[1]! << 16);
      into[at + 1] =
        words[2]! | (ages << 16) | (PROOFS.indexOf(proof) << 24) | (state.wrong << 26) | (state.life << 28);
      into[at + 2] = (state.fastVoters ? 1 : 0) | ((state.lease / 8) << 1) | (state.wait << 8);
    },

    decode(from, at) {
      const [first, second, third] = [from[at]!, from[at + 1]!, from[at + 2]!];
      const slots = Array.from({ length: renewals }, (_, slot) => slot);
      const life = (second >>> 28) & 1;
      const ages = (second >>> 16) & 255;
      return {
        fastVoters: (third & 1) === 1,
        life,
        lease: ((third >>> 1) & 127) * 8,
        renewals: slots.map((slot) => ({
          age: ((ages >>> (slot * 4)) & 7) - 1,
          hopeless: ((ages >>> (slot * 4 + 3)) & 1) === 1,
        })),
        proof: PROOFS[(second >>> 24) & 3]!,
        wait: third >>> 8,
        wrong: (second >>> 26) & 3,
        voters: [first & 0xffff, first >>> 16, second & 0xffff].map((word) => {
          const left = ((word >>> 1) & 63) * 8;
          return {
            epoch: 0,
            leader: null,
            blocked: (word & 1) === 1 ? life : life - 1,
            // Epochs are left out here, so what was promised before makes no difference.
            promised: -1,
            promises: life === 0 ? [left, 0] : [0, left],
            restart: 0,
            certified: ((word >>> 7) & 1) === 1,
            answers: slots.map((slot) => (word >>> (8 + slot * 2)) & 3),
          };
        }),
      };
    },

    wrong: ({ wrong }) => WRONG[wrong] ?? null,
  };
}
