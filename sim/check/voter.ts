/**
 * The voter as a pure function of its state, told of one host. The same rules as services/voter/, which
 * test/check/voter.test.ts proves by asking both the same. What is left of a promise is kept, not when it ends, so that
 * states repeat. Any unit of time will do.
 */

export interface Lengths {
  readonly lease: number;
  /** What a restarted voter must assume it had promised. */
  readonly restart: number;
  readonly leaderLease: number;
}

export interface VoterState {
  /** Durable: highest epoch, highest blocked life (−1: none). */
  readonly epoch: number;
  readonly blocked: number;
  /** Durable: highest life ever promised a lease (−1: none). */
  readonly promised: number;
  /** In memory: what is left of the promise to each life, 0 when over. */
  readonly promises: readonly number[];
  /** What is left of the assumption made at the start. */
  readonly restart: number;
  readonly leader: { readonly node: number; readonly epoch: number; readonly left: number } | null;
}

/** What a broken voter does wrong. */
export interface VoterFlaws {
  readonly forgetsBlock?: boolean;
  readonly forgetsEpoch?: boolean;
  readonly noRestartWait?: boolean;
  readonly renewsBlocked?: boolean;
  readonly promisesEpochTwice?: boolean;
}

export function newVoter(lives: number, lengths: Lengths): VoterState {
  return {
    epoch: 0,
    blocked: -1,
    promised: -1,
    promises: Array(lives).fill(0),
    restart: lengths.restart,
    leader: null,
  };
}

/** After its process or its node died: the registers are there, the promises are not. */
export function restarted(voter: VoterState, lengths: Lengths, flaws: VoterFlaws = {}): VoterState {
  const fresh = newVoter(voter.promises.length, lengths);
  return {
    ...fresh,
    epoch: flaws.forgetsEpoch ? 0 : voter.epoch,
    blocked: flaws.forgetsBlock ? -1 : voter.blocked,
    promised: voter.promised,
    restart: flaws.noRestartWait ? 0 : fresh.restart,
  };
}

/** `units` of its own clock go by. */
export function passed(voter: VoterState, units: number): VoterState {
  const less = (left: number) => (left > units ? left - units : 0);
  const { leader } = voter;
  return {
    ...voter,
    promises: voter.promises.map(less),
    restart: less(voter.restart),
    leader: leader && { ...leader, left: less(leader.left) },
  };
}

/** `epoch`: highest that the agent has persisted. */
export function renewed(
  voter: VoterState,
  life: number,
  epoch: number,
  lengths: Lengths,
  flaws: VoterFlaws = {},
): { kind: 'promised' | 'blocked' | 'obey-first' | 'refused'; voter: VoterState } {
  if (life <= voter.blocked && !flaws.renewsBlocked) return { kind: 'blocked', voter };
  if (voter.promises.some((left, newer) => newer > life && left > 0)) return { kind: 'refused', voter };
  if (life !== voter.promised && epoch < voter.epoch) return { kind: 'obey-first', voter };
  const promises = voter.promises.map((left, of) => (of === life ? lengths.lease : left));
  return { kind: 'promised', voter: { ...voter, promised: Math.max(life, voter.promised), promises } };
}

/** `left`: how long its last promise to these lives still lasts; null when refused. */
export function blocked(voter: VoterState, life: number, epoch: number): { left: number | null; voter: VoterState } {
  if (epoch < voter.epoch) return { left: null, voter };
  const after = { ...voter, epoch: Math.max(epoch, voter.epoch), blocked: Math.max(life, voter.blocked) };
  return { left: Math.max(voter.restart, ...voter.promises.slice(0, life + 1)), voter: after };
}

export function campaigned(
  voter: VoterState,
  node: number,
  epoch: number,
  dry: boolean,
  lengths: Lengths,
  flaws: VoterFlaws = {},
): { kind: 'promised' | 'elected' | 'refused'; voter: VoterState } {
  const old = flaws.promisesEpochTwice ? epoch < voter.epoch : epoch <= voter.epoch;
  if (old || (voter.leader && voter.leader.node !== node && voter.leader.left > 0)) return { kind: 'refused', voter };
  if (dry) return { kind: 'promised', voter };
  return { kind: 'elected', voter: { ...voter, epoch, leader: { node, epoch, left: lengths.leaderLease } } };
}

export function leaderRenewed(
  voter: VoterState,
  node: number,
  epoch: number,
  lengths: Lengths,
): { kind: 'promised' | 'refused'; voter: VoterState } {
  if (epoch < voter.epoch) return { kind: 'refused', voter };
  if (voter.leader && voter.leader.epoch === epoch && voter.leader.node !== node) return { kind: 'refused', voter };
  return { kind: 'promised', voter: { ...voter, epoch, leader: { node, epoch, left: lengths.leaderLease } } };
}

export function resigned(voter: VoterState, node: number, epoch: number): VoterState {
  return voter.leader?.node === node && voter.leader.epoch === epoch ? { ...voter, leader: null } : voter;
}
