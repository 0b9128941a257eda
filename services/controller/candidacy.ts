/**
 * Who leads. A majority of voters promise one node the leadership for a short while and remember for ever that they
 * refuse smaller epochs. The promise only avoids duels; safety comes from the epoch in every command and entry.
 */
import { leaseLengthMs, type Times, timesText } from '../../machines/times.ts';
import { again, every, pause } from '../every.ts';
import { majorityOf } from '../majority.ts';
import type { Bus, Clock, Say } from '../ports.ts';
import {
  addresses,
  type LeaderHeartbeat,
  leaderHeartbeatSchema,
  type VoterAnswer,
  type VoterRequest,
  voterAnswerSchema,
} from '../protocol.ts';

export interface CandidacyConfig {
  readonly node: string;
  readonly voters: readonly string[];
  /** All nodes that may lead, those to be preferred first: a place in this list staggers candidates so that they rarely collide. */
  readonly nodes: readonly string[];
  readonly times: Times;
}

export interface Candidacy {
  leading(): { readonly epoch: number } | null;
  /** Last heartbeat of another leader, if it is recent. */
  leader(): LeaderHeartbeat | null;
  /** Gives the lease back, and lets others go first for a few lease lengths. */
  stepDown(): Promise<void>;
  stop(): Promise<void>;
}

/** Host: counter of a life. */
export type Lives = Readonly<Record<string, number>>;

export interface CandidacyListener {
  /** A reason not to stand, or null. */
  unfit(): string | null;
  /** `lives`: for each host the highest life that the voters who elected had promised a lease. Must end all it does as soon as `signal` aborts. */
  lead(epoch: number, lives: Lives, signal: AbortSignal): void;
  /** Highest epoch in the log, so that the first campaign need not be told. */
  knownEpoch(): number;
}

const STAGGER_MS = 60;
/** How often is looked, once it may be this node's turn, and by a leader. */
const LOOK_MS = STAGGER_MS / 3;
/** Who stepped down comes after the first few in line; it does not stay away, for it may be the only one left. */
const ASIDE_MS = 5 * STAGGER_MS;

export function stand(
  { node, voters, nodes, times }: CandidacyConfig,
  { bus, clock, say }: { bus: Bus; clock: Clock; say: Say },
  listener: CandidacyListener,
): Candidacy {
  const majority = majorityOf(voters.length);
  const leaderTimes = { ...times, leaseMs: times.leaderLeaseMs };
  const rank = Math.max(0, nodes.indexOf(node));
  let highest = 0;
  let heard: { beat: LeaderHeartbeat; atMs: number } | null = null;
  let reign: { epoch: number; leaseEndMs: number; abort: AbortController; n: number } | null = null;
  let asideUntilMs = 0;
  /** Staggered by rank from the moment a silence begins, so that candidates seldom meet. */
  const turnMs = () => clock.now() + rank * STAGGER_MS + (clock.now() < asideUntilMs ? ASIDE_MS : 0);
  // First a leader that may be there already is given time to be heard.
  let notBeforeMs = turnMs() + times.leaderLeaseMs;
  let busy = false;
  const ended = new AbortController();

  const askVoters = async (message: VoterRequest, onAnswer: (answer: VoterAnswer) => void): Promise<void> => {
    await Promise.all(
      voters.map(async (voter) => {
        try {
          onAnswer(
            voterAnswerSchema.parse(await bus.request(addresses.voter(voter), message, times.leaderLeaseMs / 2)),
          );
        } catch {
          // A silent voter is one vote less.
        }
      }),
    );
  };

  /** The lives that a majority, which promises this epoch, has leased; null when there is none. Resolves as soon as that is clear. */
  const poll = (epoch: number, dry: boolean): Promise<Lives | null> => {
    const lives: Record<string, number> = {};
    let votes = 0;
    let waitMs = 0;
    let lost = false;
    return new Promise((resolve) => {
      const lose = () => {
        if (lost) return;
        lost = true;
        notBeforeMs = turnMs() + waitMs + STAGGER_MS;
        resolve(null);
      };
      void askVoters({ kind: 'campaign', node, epoch, times: timesText(times), dry }, (answer) => {
        if (answer.kind === 'promised' && dry) votes += 1;
        if (answer.kind === 'elected' && !dry) {
          votes += 1;
          for (const [host, life] of Object.entries(answer.lives)) lives[host] = Math.max(life, lives[host] ?? -1);
        }
        if (answer.kind === 'refused') {
          highest = Math.max(highest, answer.epoch);
          waitMs = Math.max(waitMs, answer.remainingMs);
          // A promise still stands: asked again when it has ended, not when the slowest voter has been waited for.
          if (dry && answer.remainingMs > 0 && votes < majority) lose();
        }
        if (votes >= majority) resolve(lives);
      }).then(() => {
        if (votes < majority) lose();
      });
    });
  };

  const campaign = async () => {
    const epoch = Math.max(highest, listener.knownEpoch()) + 1;
    if (!(await poll(epoch, true))) return;
    const sentMs = clock.now();
    highest = Math.max(highest, epoch);
    const lives = await poll(epoch, false);
    if (!lives || ended.signal.aborted) return;
    const abort = new AbortController();
    reign = { epoch, leaseEndMs: sentMs + leaseLengthMs(leaderTimes), abort, n: 0 };
    say.info('elected leader', { epoch });
    listener.lead(epoch, lives, abort.signal);
  };

  const renew = async (current: NonNullable<typeof reign>) => {
    const sentMs = clock.now();
    let votes = 0;
    await askVoters({ kind: 'renew-leader', node, epoch: current.epoch, n: ++current.n }, (answer) => {
      if (answer.kind === 'promised' && ++votes === majority)
        current.leaseEndMs = Math.max(current.leaseEndMs, sentMs + leaseLengthMs(leaderTimes));
      if (answer.kind === 'refused' && answer.epoch > current.epoch) {
        highest = Math.max(highest, answer.epoch);
        end(current, `epoch ${answer.epoch} has begun`);
      }
    });
  };

  const end = (current: NonNullable<typeof reign>, why: string) => {
    if (reign !== current) return;
    reign = null;
    say.warn('no longer leading', { epoch: current.epoch, why });
    current.abort.abort();
  };

  /** Returns when to look again: not before this node's turn, which each heartbeat of a leader puts off. */
  const tick = (): number => {
    if (reign) {
      const unfit = listener.unfit();
      if (unfit) end(reign, unfit);
      else if (clock.now() >= reign.leaseEndMs) end(reign, 'a majority of voters did not renew the leader lease');
      return LOOK_MS;
    }
    if (clock.now() < notBeforeMs) return Math.max(LOOK_MS, notBeforeMs - clock.now());
    const silent = !heard || clock.now() - heard.atMs > times.leaderLeaseMs;
    if (busy || !silent || listener.unfit()) return LOOK_MS;
    busy = true;
    void campaign().finally(() => {
      busy = false;
    });
    return LOOK_MS;
  };

  const ends = [
    bus.serve(addresses.leader, (message) => {
      const beat = leaderHeartbeatSchema.parse(message);
      highest = Math.max(highest, beat.epoch);
      if (beat.node === node) return undefined;
      if (!heard || beat.epoch >= heard.beat.epoch) heard = { beat, atMs: clock.now() };
      notBeforeMs = turnMs() + times.leaderLeaseMs;
      if (reign && beat.epoch > reign.epoch) end(reign, `${beat.node} leads epoch ${beat.epoch}`);
      return undefined;
    }),
    every(clock, times.heartbeatMs, () => {
      if (reign) void renew(reign);
    }),
    again(clock, tick),
  ];

  const resign = async () => {
    const current = reign;
    if (!current) return;
    end(current, 'stepped down');
    await askVoters({ kind: 'resign', node, epoch: current.epoch }, () => {});
  };

  return {
    leading: () => reign && { epoch: reign.epoch },
    leader: () => (heard && clock.now() - heard.atMs <= times.leaderLeaseMs ? heard.beat : null),
    async stepDown() {
      asideUntilMs = clock.now() + 5 * times.leaderLeaseMs;
      notBeforeMs = turnMs() + times.leaderLeaseMs;
      await resign();
    },
    async stop() {
      ended.abort();
      for (const stop of ends) stop();
      await resign();
      await pause(clock, 0);
    },
  };
}
