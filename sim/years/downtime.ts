/** When guests did not serve, from what the world itself says: who can write, since when, and whether it has booted. */
import type { WorldEvent } from '../simulation.ts';

export interface Gap {
  readonly guest: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Downtime {
  hear(event: WorldEvent): void;
  /** It runs and does not answer. */
  hang(guest: string): void;
  hung(guest: string): boolean;
  /** Guests that do not serve at this moment. */
  down(): readonly string[];
  /** All gaps, those still open closed now or at the end of the boot under way. */
  finish(): readonly Gap[];
  /** Two instances of one guest could write at once: `guest on host and host`. */
  readonly doubles: readonly string[];
}

interface State {
  readonly writers: Set<string>;
  downSinceMs: number | null;
  /** While down: when it will have booted. Null: not even started. */
  upAtMs: number | null;
  hung: boolean;
}

/** `nowMs`: time of the story, in which quiet stretches are longer than in the simulation. */
export function createDowntime(guests: readonly string[], bootMs: number, nowMs: () => number): Downtime {
  const states = new Map<string, State>(
    guests.map((guest) => [guest, { writers: new Set<string>(), downSinceMs: null, upAtMs: null, hung: false }]),
  );
  const gaps: Gap[] = [];
  const doubles: string[] = [];

  const close = (guest: string, state: State, toMs: number) => {
    if (state.downSinceMs !== null && toMs > state.downSinceMs) gaps.push({ guest, fromMs: state.downSinceMs, toMs });
    state.downSinceMs = null;
    state.upAtMs = null;
  };
  /** A boot that has ended since the last event. */
  const settle = (guest: string, state: State) => {
    if (state.upAtMs !== null && state.upAtMs <= nowMs()) close(guest, state, state.upAtMs);
  };
  const goDown = (guest: string, state: State) => {
    settle(guest, state);
    state.downSinceMs ??= nowMs();
    state.upAtMs = null;
  };

  return {
    doubles,
    hear(event) {
      if (event.kind !== 'writer' && event.kind !== 'started') return;
      const state = states.get(event.guest);
      if (!state) return;
      if (event.kind === 'started') {
        // Told right after the writer of the same moment, which serves only once it has booted.
        if (state.upAtMs === nowMs()) state.upAtMs = null;
        settle(event.guest, state);
        state.hung = false;
        state.downSinceMs ??= nowMs();
        state.upAtMs = nowMs() + bootMs;
      } else if (event.on) {
        if (state.writers.size > 0)
          doubles.push(`${event.guest} on ${[...state.writers].join(' and ')} and ${event.host}`);
        state.writers.add(event.host);
        // Resumed or arrived alive: it serves at once, unless it was booting or hung when it stopped.
        if (!state.hung && state.upAtMs === null) state.upAtMs = nowMs();
      } else {
        state.writers.delete(event.host);
        if (state.writers.size === 0) goDown(event.guest, state);
      }
    },
    hung: (guest) => states.get(guest)?.hung ?? false,
    hang(guest) {
      const state = states.get(guest);
      if (!state || state.writers.size === 0) return;
      goDown(guest, state);
      state.hung = true;
    },
    down: () =>
      [...states]
        .filter(([guest, state]) => {
          settle(guest, state);
          return state.downSinceMs !== null && state.upAtMs === null;
        })
        .map(([guest]) => guest),
    finish() {
      for (const [guest, state] of states) {
        settle(guest, state);
        close(guest, state, Math.max(state.upAtMs ?? 0, nowMs()));
      }
      return gaps;
    },
  };
}
