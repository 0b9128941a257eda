/** Whether all is well, and whether anything still moves: by the world where it knows, by the leader where only it does. */
import type { Fleet } from '../../machines/fleet.ts';
import type { Simulation } from '../simulation.ts';

export interface View {
  /** Everything that has power works as it should. */
  calm(): boolean;
  /** Why it is not calm, for people. */
  why(): string;
  /** Reads the state anew; the durations below are as of the last reading. */
  look(): void;
  /** Something was done: what it leads to is still to be seen. */
  disturb(): void;
  calmForMs(): number;
  stillForMs(): number;
  hostState(host: string): string;
  /** Guests that have to run; those that never found a place are not waited for. */
  wantOnly(guests: readonly string[]): void;
}

const WELL = new Set(['running', 'maintenance', 'spare']);
/** Timers that repeat for ever while nothing can be done. */
const REPEATS = new Set(['fence', 'stable']);

export function createView(sim: Simulation): View {
  const { spec } = sim;
  let guests = Object.keys(spec.guests).filter((guest) => spec.guests[guest]!.desired === 'running');
  let calmSinceMs: number | null = null;
  let stillSinceMs = sim.now();
  let before = '';

  const fleet = (): Fleet | null => sim.leader()?.controller()?.fleet() ?? null;

  const trouble = (): string | null => {
    for (const guest of guests) if (sim.writers(guest).length !== 1) return `${guest} does not run`;
    const state = fleet();
    if (!state) return 'nobody leads';
    if (state.frozen) return 'the cluster is frozen';
    if (state.brake) return 'the storm brake is on';
    for (const [host, { state: is }] of Object.entries(state.hosts)) if (!WELL.has(is)) return `${host} is ${is}`;
    for (const guest of guests) {
      const is = state.guests[guest]?.state;
      if (is !== 'running') return `${guest} is ${is ?? 'unknown'}`;
    }
    return Object.keys(state.intents).length > 0 ? `${Object.keys(state.intents)[0]} is pending` : null;
  };

  /** What would have to change for anything to be said to happen. */
  const signature = (): string => {
    const state = fleet();
    return JSON.stringify([
      Object.values(sim.nodes).map((node) => [node.powered(), node.awake()]),
      guests.map((guest) => sim.writers(guest)),
      state?.leader,
      state && Object.values(state.hosts).map((host) => [host.state, Object.keys(host.context.degraded)]),
      state && Object.values(state.guests).map((guest) => guest.state),
      state?.brake?.entry,
    ]);
  };
  /** A remedy that is still to be tried, or to be given up. */
  const awaits = (): boolean => {
    const state = fleet();
    return (
      state !== null &&
      Object.values(state.timers).some(({ subject, name }) => {
        if (REPEATS.has(name)) return false;
        return !(name === 'retry' && state.guests[subject.slice('guest/'.length)]?.state === 'blocked');
      })
    );
  };

  return {
    calm: () => trouble() === null,
    why: () => trouble() ?? 'something is still under way',
    look() {
      const nowMs = sim.now();
      if (trouble() !== null) calmSinceMs = null;
      else calmSinceMs ??= nowMs;
      const after = signature();
      if (after !== before || awaits()) stillSinceMs = nowMs;
      before = after;
    },
    disturb() {
      calmSinceMs = null;
      stillSinceMs = sim.now();
    },
    calmForMs: () => (calmSinceMs === null ? 0 : sim.now() - calmSinceMs),
    stillForMs: () => sim.now() - stillSinceMs,
    hostState: (host) => fleet()?.hosts[host]?.state ?? 'unknown',
    wantOnly(names) {
      guests = [...names];
    },
  };
}
