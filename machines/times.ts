/**
 * The times of the lease protocol, in milliseconds, and the refusal of sets of times that cannot hold.
 * Source of every constant: docs/safety.md, "Leases".
 */

/** A1: clock *rates* of two nodes differ by at most this fraction (ten times the kernel's slew limit). */
export const RHO = 0.005;

/** A2: an unpetted watchdog stops the machine within its timeout plus this much. */
export const WATCHDOG_SLACK_MS = 250;

/** Longest time between two pets (adapters/watchdog/petter.ts). */
export const PET_PERIOD_MS = 250;

export interface Times {
  /** T_hb: an agent renews its lease this often. */
  readonly heartbeatMs: number;
  /** A host silent this long towards a majority of voters is suspected. */
  readonly suspectMs: number;
  /** T_L: what a voter promises with each acknowledgement. */
  readonly leaseMs: number;
  /** W: timeout of the watchdog. */
  readonly watchdogMs: number;
  /** Guests are paused this long after the last majority-acknowledged renewal was sent. */
  readonly quiesceMs: number;
  /** What a voter promises to a leader; only avoids duels, never carries safety. */
  readonly leaderLeaseMs: number;
}

export const PROFILES = {
  fast: {
    heartbeatMs: 250,
    suspectMs: 1_000,
    leaseMs: 5_000,
    watchdogMs: 2_000,
    quiesceMs: 2_700,
    leaderLeaseMs: 1_250,
  },
  standard: {
    heartbeatMs: 1_000,
    suspectMs: 3_500,
    leaseMs: 15_000,
    watchdogMs: 8_000,
    quiesceMs: 10_800,
    leaderLeaseMs: 4_000,
  },
  wan: {
    heartbeatMs: 3_000,
    suspectMs: 12_000,
    leaseMs: 60_000,
    watchdogMs: 30_000,
    quiesceMs: 52_000,
    leaderLeaseMs: 12_000,
  },
} as const satisfies Record<string, Times>;

export type ProfileName = keyof typeof PROFILES;

/** Length of a lease counted from the clock reading *before* its renewal was sent: T_L(1 − 2ρ). */
export function leaseLengthMs(times: Times): number {
  return times.leaseMs * (1 - 2 * RHO);
}

/** The last moment, counted like {@link leaseLengthMs}, at which a pet cannot outlive the lease: E − W − δ. */
export function lastPetMs(times: Times): number {
  return leaseLengthMs(times) - times.watchdogMs - WATCHDOG_SLACK_MS;
}

/** What a restarted voter, whose promises are forgotten, must assume it had promised: T_L(1 + ρ). */
export function restartPromiseMs(times: Times): number {
  return times.leaseMs * (1 + RHO);
}

/** How long a leader waits after a voter answered that its promise ends in `remainingMs`: r(1 + 3ρ). */
export function waitOutMs(remainingMs: number): number {
  return remainingMs * (1 + 3 * RHO);
}

/** Sentences saying why these times cannot hold; empty when they can. */
export function impossibleTimes(times: Times): string[] {
  const wrong: string[] = [];
  const length = leaseLengthMs(times);
  const least = times.watchdogMs + WATCHDOG_SLACK_MS + 3 * times.heartbeatMs;
  /** The watchdog may bite this soon: the last pet can lie a pet period before the last moment it is allowed. */
  const lastingMs = length - WATCHDOG_SLACK_MS - PET_PERIOD_MS;
  for (const [name, value] of Object.entries(times)) {
    if (!Number.isFinite(value) || value <= 0)
      wrong.push(`${name} must be a positive number of milliseconds, not ${value}`);
  }
  if (length < least) {
    wrong.push(
      `leaseMs ${times.leaseMs} is too short: ${Math.round(length)} ms of lease cannot hold a watchdog of ` +
        `${times.watchdogMs} ms, ${WATCHDOG_SLACK_MS} ms of slack and three heartbeats of ${times.heartbeatMs} ms ` +
        `(needs ${least} ms)`,
    );
  }
  if (times.suspectMs < 3 * times.heartbeatMs) {
    wrong.push(`suspectMs ${times.suspectMs} is less than three heartbeats of ${times.heartbeatMs} ms`);
  }
  if (times.quiesceMs + times.heartbeatMs > lastingMs) {
    wrong.push(
      `quiesceMs ${times.quiesceMs} leaves less than one heartbeat before the watchdog may act at ${Math.round(lastingMs)} ms`,
    );
  }
  if (times.quiesceMs < times.suspectMs) {
    wrong.push(
      `quiesceMs ${times.quiesceMs} is shorter than suspectMs ${times.suspectMs}: guests would pause before anyone worries`,
    );
  }
  const late = times.suspectMs + times.watchdogMs + WATCHDOG_SLACK_MS;
  if (late > length) {
    wrong.push(
      `suspectMs ${times.suspectMs} is too long: with a watchdog of ${times.watchdogMs} ms and ${WATCHDOG_SLACK_MS} ms of ` +
        `slack it makes ${late} ms, more than the ${Math.round(length)} ms of a lease: a pet given while guests were paused could outlast it`,
    );
  }
  if (times.leaderLeaseMs < 3 * times.heartbeatMs) {
    wrong.push(`leaderLeaseMs ${times.leaderLeaseMs} is less than three heartbeats of ${times.heartbeatMs} ms`);
  }
  return wrong;
}

/** The times as one line: two nodes count alike when their lines are equal. */
export function timesText(times: Times): string {
  return [
    times.heartbeatMs,
    times.suspectMs,
    times.leaseMs,
    times.watchdogMs,
    times.quiesceMs,
    times.leaderLeaseMs,
  ].join(' ');
}
