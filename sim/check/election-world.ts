/**
 * Elections: three voters that restart, two candidates that restart, ask again and answer late, three epochs. Shown: no
 * epoch is ever won by both. Promises to a leader may end at any moment here; safety does not rest on them.
 */
import type { World } from './explore.ts';
import { campaigned, type Lengths, newVoter, restarted, type VoterFlaws, type VoterState } from './voter.ts';

const EPOCHS = 3;
const LENGTHS: Lengths = { lease: 0, restart: 0, leaderLease: 1 };
const MAJORITY = 2;

interface Candidate {
  /** Highest epoch it asked for or was told of; forgotten when it restarts. */
  readonly highest: number;
  /** Epoch it is asking for; 0: none. */
  readonly asking: number;
  /** By voter: 0 not answered, 1 promised, 2 it has heard so. */
  readonly votes: readonly number[];
}

export interface ElectionState {
  readonly voters: readonly VoterState[];
  readonly candidates: readonly Candidate[];
  /** By epoch − 1: bit 1 won by the first candidate, bit 2 by the second. */
  readonly won: readonly number[];
}

export function electionWorld(flaws: VoterFlaws = {}): World<ElectionState> {
  const idle = (highest: number): Candidate => ({ highest, asking: 0, votes: [0, 0, 0] });
  const put = <T>(list: readonly T[], at: number, item: T) => list.map((one, i) => (i === at ? item : one));

  return {
    name: 'election',
    words: 3,
    initial: () => [
      { voters: [0, 1, 2].map(() => newVoter(1, LENGTHS)), candidates: [idle(0), idle(0)], won: Array(EPOCHS).fill(0) },
    ],

    next({ voters, candidates, won }, step) {
      for (const [v, voter] of voters.entries()) {
        step(`voter ${v + 1} restarts`, { voters: put(voters, v, restarted(voter, LENGTHS, flaws)), candidates, won });
        if (voter.leader)
          step(`the promise of voter ${v + 1} to its leader ends`, {
            voters: put(voters, v, { ...voter, leader: null }),
            candidates,
            won,
          });
      }
      for (const [c, candidate] of candidates.entries()) {
        const name = `candidate ${c + 1}`;
        const become = (next: Candidate) => put(candidates, c, next);
        step(`${name} restarts`, { voters, candidates: become(idle(0)), won });
        // Told of an epoch by a voter, by the log or by a leader, or not told: it never asks for less than one more.
        for (let epoch = candidate.highest + 1; epoch <= EPOCHS; epoch += 1)
          step(`${name} asks for epoch ${epoch}`, {
            voters,
            candidates: become({ ...idle(epoch), asking: epoch }),
            won,
          });
        const { asking, votes } = candidate;
        if (asking === 0) continue;
        for (const [v, voter] of voters.entries()) {
          const { kind, voter: after } = campaigned(voter, c, asking, false, LENGTHS, flaws);
          if (kind === 'elected')
            step(`voter ${v + 1} promises epoch ${asking} to ${name}`, {
              voters: put(voters, v, after),
              candidates: become({ ...candidate, votes: put(votes, v, Math.max(1, votes[v]!)) }),
              won,
            });
          if (votes[v] !== 1) continue;
          const heard = put(votes, v, 2);
          const elected = heard.filter((vote) => vote === 2).length >= MAJORITY;
          step(`${name} hears the promise of voter ${v + 1}${elected ? `: it leads epoch ${asking}` : ''}`, {
            voters,
            candidates: become(elected ? idle(candidate.highest) : { ...candidate, votes: heard }),
            won: elected ? put(won, asking - 1, won[asking - 1]! | (1 << c)) : won,
          });
        }
      }
    },

    encode({ voters, candidates, won }, into, at) {
      const words = voters.map(({ epoch, leader }, v) => {
        const promised = leader ? 1 + leader.node : 0;
        return epoch | (promised << 2) | (candidates[0]!.votes[v]! << 4) | (candidates[1]!.votes[v]! << 6);
      });
      words.sort((a, b) => a - b);
      into[at] = words[0]! | (words[1]! << 8) | (words[2]! << 16);
      into[at + 1] = candidates.reduce(
        (word, { highest, asking }, c) => word | (highest << (c * 4)) | (asking << (c * 4 + 2)),
        0,
      );
      into[at + 2] = won.reduce((word, by, epoch) => word | (by << (epoch * 2)), 0);
    },

    decode(from, at) {
      const [first, second, third] = [from[at]!, from[at + 1]!, from[at + 2]!];
      const words = [0, 8, 16].map((shift) => (first >>> shift) & 255);
      return {
        voters: words.map((word) => {
          const epoch = word & 3;
          const node = ((word >>> 2) & 3) - 1;
          return { ...newVoter(1, LENGTHS), epoch, leader: node < 0 ? null : { node, epoch, left: 1 } };
        }),
        candidates: [0, 1].map((c) => ({
          highest: (second >>> (c * 4)) & 3,
          asking: (second >>> (c * 4 + 2)) & 3,
          votes: words.map((word) => (word >>> (4 + c * 2)) & 3),
        })),
        won: Array.from({ length: EPOCHS }, (_, epoch) => (third >>> (epoch * 2)) & 3),
      };
    },

    wrong: ({ won }) => (won.includes(3) ? 'two candidates lead the same epoch' : null),
  };
}
