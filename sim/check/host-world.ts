/**
 * One host in time: its lease as the daemon knows it and as it is, its one guest, pause and resume, the petter and the
 * watchdog. Shown: whenever a guest can write here, the lease of this life stands.
 *
 * All by the host's own clock, in ticks. When a renewal finds a majority is free, but for what the check of the leases
 * shows: none that was sent after a majority had blocked the life does. Pausing may begin at any time, and every call to
 * libvirt may take any time. The petter pets as long as it may and the watchdog bites as late as it may; crash and reset
 * at any other moment are steps of their own.
 */
import type { World } from './explore.ts';

/** T_L(1 − 2ρ), W + δ, suspectMs (how long answers are listened to) and twice T_hb, in ticks. */
const LEASE = 6;
const BITE = 2;
const LISTEN = 3;
const AGAIN = 1;

export interface HostFlaws {
  readonly resumesWithoutLease?: boolean;
  readonly staleSight?: boolean;
  readonly resumeUncounted?: boolean;
  readonly startUncounted?: boolean;
  readonly petsUntilLeaseEnd?: boolean;
  readonly listensForEver?: boolean;
  readonly startsWhilePausing?: boolean;
}

const GUESTS = ['none', 'starting', 'running', 'paused', 'resuming'] as const;
/** `fresh`: sees all guests paused. `stale`: saw it before guests were resumed. */
const SIGHTS = ['none', 'fresh', 'stale'] as const;

export interface HostState {
  /** What is left of this life's lease. */
  readonly lease: number;
  /** False: a daemon that has just begun does not know of it. */
  readonly known: boolean;
  /** How much longer the petter may pet, and the machine surely lives without another pet; −1: over, or not armed. */
  readonly until: number;
  readonly bites: number;
  readonly guest: (typeof GUESTS)[number];
  readonly pausing: boolean;
  readonly sight: (typeof SIGHTS)[number];
  readonly ending: boolean;
  /** Ticks since a majority blocked this life; −1: it has not. */
  readonly blockedFor: number;
}

export function hostWorld(flaws: HostFlaws = {}): World<HostState> {
  const booted: HostState = {
    lease: 0,
    known: false,
    until: -1,
    bites: -1,
    guest: 'none',
    pausing: false,
    sight: 'none',
    ending: false,
    blockedFor: -1,
  };
  /** The petter is told a new moment and pets at once if it may. */
  const told = (state: HostState, until: number): HostState => ({
    ...state,
    until,
    bites: Math.max(state.bites, until >= (flaws.petsUntilLeaseEnd ? 0 : BITE) ? BITE : -1),
  });

  const tick = (state: HostState): HostState => {
    // The last pet within this tick, counted from its beginning.
    const last = Math.min(1, state.until - (flaws.petsUntilLeaseEnd ? 0 : BITE));
    const bites = Math.max(state.bites - 1, last >= 0 ? last + BITE - 1 : -1);
    if (state.bites >= 0 && bites <= 0) return booted;
    return {
      ...state,
      bites,
      until: Math.max(-1, state.until - 1),
      lease: Math.max(0, state.lease - 1),
      blockedFor: state.blockedFor < 0 ? -1 : Math.min(LISTEN + 1, state.blockedFor + 1),
    };
  };

  return {
    name: 'host',
    words: 1,
    initial: () => [booted],

    next(state, step) {
      const { guest, lease, pausing, sight, ending, blockedFor } = state;
      const stands = state.known && lease > 0;
      step('a tick of time goes by', tick(state));
      step('the host loses its power and boots', booted);
      const listen = flaws.listensForEver ? LEASE : LISTEN;
      for (let age = 0; age <= listen; age += 1) {
        const left = LEASE - age;
        if ((blockedFor >= 0 && age < blockedFor) || left <= (state.known ? lease : 0) || ending) continue;
        const extended = told({ ...state, lease: Math.max(lease, left), known: true }, left);
        const what = `a renewal sent ${age} ticks ago finds its majority`;
        if (!pausing) step(what, extended);
        // Who resumes is the agent, with the new lease; what it saw before is old from now on.
        else
          step(`${what}; paused guests are to be resumed`, {
            ...extended,
            pausing: false,
            sight: sight === 'none' ? 'none' : 'stale',
            guest: guest === 'paused' ? 'resuming' : guest,
          });
      }
      if (blockedFor < 0) step('a majority of voters blocks this life', { ...state, blockedFor: 0 });
      if (blockedFor >= 0 && !ending) step('the host hears that its life is blocked', { ...state, ending: true });
      if (ending) {
        if (guest === 'none') step('the next life begins', { ...booted, until: state.until, bites: state.bites });
        else if (guest !== 'starting') step('the guest is destroyed', { ...state, guest: 'none' });
      }
      // A dead daemon's call to libvirt is taken to have ended, one way or the other, before the next daemon looks.
      for (const now of guest === 'starting'
        ? (['none', 'running'] as const)
        : guest === 'resuming'
          ? (['paused', 'running'] as const)
          : [guest])
        step(`the daemon is restarted; it finds the guest ${now}`, {
          ...state,
          known: false,
          pausing: now === 'paused',
          sight: 'none',
          ending: false,
          guest: now,
        });

      if (guest === 'none' && stands && (!pausing || flaws.startsWhilePausing) && !ending)
        step('a start is begun', { ...state, guest: 'starting' });
      if (guest === 'starting') {
        step('the guest starts', { ...state, guest: 'running' });
        step('the start fails', { ...state, guest: 'none' });
      }
      if (guest === 'resuming') {
        step('the guest is resumed', { ...state, guest: 'running' });
        step('the resume fails', { ...state, guest: 'paused' });
      }
      if (guest === 'running' || guest === 'paused') step('the guest dies', { ...state, guest: 'none' });
      if (flaws.resumesWithoutLease && guest === 'paused') step('the guest is resumed', { ...state, guest: 'running' });
      if (ending) return;
      if (!pausing) step('guests are to be paused', { ...state, pausing: true });
      if (pausing && guest === 'running') step('the guest is paused', { ...state, guest: 'paused' });
      const still =
        guest === 'none' ||
        guest === 'paused' ||
        (guest === 'resuming' && flaws.resumeUncounted) ||
        (guest === 'starting' && flaws.startUncounted);
      if (pausing && still && sight === 'none')
        step('the agent looks and sees no guest that can write', { ...state, sight: 'fresh' });
      if (sight === 'fresh' || (sight === 'stale' && flaws.staleSight))
        step('on that sight the petter may go on', {
          ...told(state, BITE + AGAIN),
          sight: 'none',
        });
      if (sight === 'stale') step('the agent drops what it saw', { ...state, sight: 'none' });
    },

    encode(state, into, at) {
      into[at] =
        state.lease |
        ((state.known ? 1 : 0) << 4) |
        ((state.until + 1) << 5) |
        ((state.bites + 1) << 10) |
        (GUESTS.indexOf(state.guest) << 14) |
        ((state.pausing ? 1 : 0) << 17) |
        (SIGHTS.indexOf(state.sight) << 18) |
        ((state.ending ? 1 : 0) << 20) |
        ((state.blockedFor + 1) << 21);
    },

    decode(from, at) {
      const word = from[at]!;
      return {
        lease: word & 15,
        known: ((word >>> 4) & 1) === 1,
        until: ((word >>> 5) & 31) - 1,
        bites: ((word >>> 10) & 15) - 1,
        guest: GUESTS[(word >>> 14) & 7]!,
        pausing: ((word >>> 17) & 1) === 1,
        sight: SIGHTS[(word >>> 18) & 3]!,
        ending: ((word >>> 20) & 1) === 1,
        blockedFor: ((word >>> 21) & 15) - 1,
      };
    },

    wrong: ({ guest, lease }) =>
      guest === 'running' && lease <= 0 ? 'a guest can write on a host whose lease is over' : null,
  };
}
