/** What is followed in the check of the grants (grant-world.ts), and how a state becomes ten words. */
import type { AgentFlaws, AgentState } from './agent.ts';
import type { GrantFlaws as LeaderFlaws } from './grant-leader.ts';
import { intern } from './intern.ts';

export interface GrantFlaws extends LeaderFlaws, AgentFlaws {
  readonly proofWithoutWait?: boolean;
  readonly leaseForBlocked?: boolean;
  readonly surveyWithoutEpoch?: boolean;
  readonly surveyWithoutStarting?: boolean;
  readonly appendsAnywhere?: boolean;
  readonly leasesAnyEpoch?: boolean;
}

export interface GrantBounds {
  /** Entries in a log, beyond those it begins with. */
  readonly entries: number;
  /** Power losses of hosts; restarts of daemons. */
  readonly crashes: number;
  readonly restarts: number;
  /** Guests that die or hang, starts and stops that fail or are never answered. */
  readonly incidents: number;
  /** Hosts suspected, by either leader, with or without reason. */
  readonly suspicions: number;
  /** Most entries that the one loss of the log's end takes; 0: none is lost. */
  readonly lost: number;
  /** Lives of a host. */
  readonly lives: number;
}

export interface Host {
  readonly agent: AgentState;
  readonly up: boolean;
  readonly leased: boolean;
  /** Highest life that a majority of voters has leased. */
  readonly promised: number;
  /** Highest life that a majority of voters blocked. */
  readonly blocked: number;
  /** Highest epoch it ever obeyed, whatever it remembers. */
  readonly obeyed: number;
}

export interface Left {
  readonly crashes: number;
  readonly restarts: number;
  readonly incidents: number;
  readonly suspicions: number;
  readonly rollbacks: number;
}

export interface GrantState {
  readonly stream: number;
  /** Each leader's copy of the log; −1: the second follows the stream. */
  readonly logs: readonly [number, number];
  readonly elected: boolean;
  readonly hosts: readonly [Host, Host];
  readonly net: number;
  /** What the voters that elected the second leader told it: for each host the highest life they had leased. Null: not elected yet. */
  readonly lives: readonly [number, number] | null;
  /** By leader and host: life it had blocked, −1 for none. */
  readonly blocks: readonly number[];
  readonly left: Left;
  /** Latest token under which the guest was started. */
  readonly latest: number;
  readonly wrong: number;
}

export const WRONG = [
  null,
  'two hosts have an instance that can write',
  'a guest was started under a token below one it had been started under',
  'an agent obeyed an epoch below one it had obeyed',
];
export const INSTANCES = ['none', 'starting', 'running', 'paused'] as const;

/** Both ways between a state and its words. What does not fit into one is numbered. */
export function createCode() {
  const texts = intern<string | null>(String);
  const dones = intern<AgentState['done']>((done) => JSON.stringify(Object.entries(done).sort()));

  return {
    words: 10,

    encode(state: GrantState, into: Uint32Array, at: number) {
      into[at] = state.stream;
      into[at + 1] = state.logs[0];
      into[at + 2] = state.logs[1] + 1;
      into[at + 3] = state.net;
      const { crashes, restarts, incidents, suspicions, rollbacks } = state.left;
      into[at + 4] =
        state.latest |
        (state.wrong << 8) |
        ((state.elected ? 1 : 0) << 10) |
        (crashes << 11) |
        (restarts << 14) |
        (incidents << 17) |
        (rollbacks << 20) |
        (suspicions << 21) |
        (state.lives ? (1 << 24) | (state.lives[0] << 25) | (state.lives[1] << 27) : 0);
      into[at + 5] = state.blocks.reduce((word, life, i) => word | ((life + 1) << (i * 4)), 0);
      for (const [h, { agent, up, leased, promised, blocked, obeyed: highest }] of state.hosts.entries()) {
        into[at + 6 + h * 2] =
          ((up ? 1 : 0) |
            ((leased ? 1 : 0) << 1) |
            (agent.life << 2) |
            (INSTANCES.indexOf(agent.instance) << 4) |
            (agent.epoch << 6) |
            (agent.grant << 8) |
            (agent.latest << 16) |
            ((blocked + 1) << 24) |
            (highest << 28) |
            (promised << 30)) >>>
          0;
        into[at + 7 + h * 2] = dones.id(agent.done) | (texts.id(agent.doing) << 20);
      }
    },

    decode(from: Uint32Array, at: number): GrantState {
      const budget = from[at + 4]!;
      const host = (h: number): Host => {
        const word = from[at + 6 + h * 2]!;
        const more = from[at + 7 + h * 2]!;
        return {
          up: (word & 1) === 1,
          leased: ((word >>> 1) & 1) === 1,
          blocked: ((word >>> 24) & 15) - 1,
          obeyed: (word >>> 28) & 3,
          promised: word >>> 30,
          agent: {
            life: (word >>> 2) & 3,
            instance: INSTANCES[(word >>> 4) & 3]!,
            epoch: (word >>> 6) & 3,
            grant: (word >>> 8) & 255,
            latest: (word >>> 16) & 255,
            done: dones.value(more & 0xfffff),
            doing: texts.value(more >>> 20),
          },
        };
      };
      return {
        stream: from[at]!,
        logs: [from[at + 1]!, from[at + 2]! - 1],
        net: from[at + 3]!,
        latest: budget & 255,
        wrong: (budget >>> 8) & 3,
        elected: ((budget >>> 10) & 1) === 1,
        lives: (budget >>> 24) & 1 ? [(budget >>> 25) & 3, (budget >>> 27) & 3] : null,
        left: {
          crashes: (budget >>> 11) & 7,
          restarts: (budget >>> 14) & 7,
          incidents: (budget >>> 17) & 7,
          rollbacks: (budget >>> 20) & 1,
          suspicions: (budget >>> 21) & 7,
        },
        blocks: [0, 1, 2, 3].map((i) => ((from[at + 5]! >>> (i * 4)) & 15) - 1),
        hosts: [host(0), host(1)],
      };
    },
  };
}
