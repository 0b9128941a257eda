/** The host's lease, as its holder sees it. docs/safety.md, "Leases". */
import { leaseLengthMs, type Times, timesText } from '../../machines/times.ts';
import { every } from '../every.ts';
import { majorityOf } from '../majority.ts';
import type { AgentMemory, Bus, Clock, Say } from '../ports.ts';
import { addresses, type Renew, renewAnswerSchema } from '../protocol.ts';

export interface LeaseConfig {
  readonly host: string;
  readonly voters: readonly string[];
  readonly times: Times;
}

export interface Lease {
  /** E: nothing here may write after this moment on the Clock. −Infinity before the first lease of this life. */
  endMs(): number;
  /** When the last majority-acknowledged renewal was sent. */
  renewedMs(): number;
  /** Starts anew with another life: what was leased to the old one is void. */
  restart(counter: number): void;
  stop(): void;
}

export interface LeaseListener {
  extended(endMs: number): void;
  /** This life is over; the next one's counter must be above `blockedCounter`. */
  ended(blockedCounter: number): void;
}

export interface LeasePorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly say: Say;
  readonly memory: Pick<AgentMemory, 'highestEpoch' | 'raiseEpoch'>;
}

export function holdLease(
  { host, voters, times }: LeaseConfig,
  firstCounter: number,
  { bus, clock, say, memory }: LeasePorts,
  listener: LeaseListener,
): Lease {
  const majority = majorityOf(voters.length);
  const timesSaid = timesText(times);
  let counter = firstCounter;
  let n = 0;
  let renewedMs = Number.NEGATIVE_INFINITY;
  let lifeSinceMs = clock.now();
  let blocked = new Map<string, number>();

  const endMs = () => renewedMs + leaseLengthMs(times);

  const renew = async () => {
    const life = counter;
    const asked = ++n;
    // Taken before sending: whatever the way there and back costs, the lease ends before the promises do.
    const sentMs = clock.now();
    const unleasedMs = sentMs - Math.max(renewedMs, lifeSinceMs);
    const promised = new Set<string>();
    const hear = (raw: unknown) => {
      const answer = renewAnswerSchema.parse(raw);
      if (life !== counter || answer.n !== asked || !voters.includes(answer.voter)) return false;
      if (answer.kind === 'refused')
        say.warn('voter refused the lease', { voter: answer.voter, reason: answer.reason });
      if (answer.kind === 'blocked') hearBlocked(answer.voter, answer.blockedCounter);
      if (answer.kind === 'obey-first' && answer.epoch > memory.highestEpoch()) {
        // A new life owes nothing to an older leader, so it loses nothing by never obeying one again.
        memory.raiseEpoch(answer.epoch);
        void renew();
      }
      if (answer.kind !== 'promised') return false;
      promised.add(answer.voter);
      if (promised.size === majority && sentMs > renewedMs) {
        renewedMs = sentMs;
        // Whoever heard this renewal read in it that we had no lease, and counts us as silent: that we have one now cannot
        // wait for the next heartbeat, or a host that has just come back is fenced for its old silence.
        if (unleasedMs > times.suspectMs) void renew();
        listener.extended(endMs());
      }
      return promised.size === voters.length;
    };
    try {
      const message: Renew = {
        kind: 'renew',
        host,
        counter: life,
        n: asked,
        unleasedMs,
        times: timesSaid,
        epoch: memory.highestEpoch(),
      };
      await bus.gather(addresses.renew(host), message, times.suspectMs, hear);
    } catch (error) {
      say.warn('renewal could not be sent', { error: String(error) });
    }
  };

  const hearBlocked = (voter: string, blockedCounter: number) => {
    blocked.set(voter, blockedCounter);
    // A majority has blocked this life, or one has and the lease is lost anyway: it can never be renewed, or only by
    // luck. Ending one's own life is always safe; waiting for a fence that nobody may be driving is not alive. A daemon that
    // has only just begun has no lease yet and has lost none: one voter's word must not cost its guests.
    const lost = clock.now() > Math.max(endMs(), lifeSinceMs + leaseLengthMs(times));
    if (blocked.size >= majority || lost) listener.ended(Math.max(...blocked.values()));
  };

  // Renewals overlap: a slow answer must not delay the next renewal.
  const ends = [
    every(clock, times.heartbeatMs, () => void renew()),
    // After an outage guests wait for this: not a moment longer than the first way to a server.
    bus.onReach(() => void renew()),
  ];

  return {
    endMs,
    renewedMs: () => renewedMs,
    restart(next) {
      counter = next;
      renewedMs = Number.NEGATIVE_INFINITY;
      lifeSinceMs = clock.now();
      blocked = new Map();
    },
    stop() {
      for (const end of ends) end();
    },
  };
}
