/**
 * Pausing all guests before the lease ends, so that a lost network costs a pause and not a reset.
 * docs/safety.md, "Quiesce before reset".
 */
import type { Instance } from '../../machines/entries.ts';
import { type Times, WATCHDOG_SLACK_MS } from '../../machines/times.ts';
import type { Clock, Hypervisor, Petter, Say } from '../ports.ts';

export interface Quiesce {
  /** True from the moment guests are being paused until they are resumed: nothing may start. */
  active(): boolean;
  /** Guests paused by us, to be resumed with the lease. */
  paused(): ReadonlySet<string>;
  /** Guests found paused by an earlier daemon: held until the lease is there. */
  assume(guests: readonly string[]): void;
  /** Somebody resumed it while all are to stand still: pauses it again, until the lease is there. */
  hold(guest: string): Promise<void>;
  /** True when that instance was ended here for want of a lease, as the cluster file wants it. */
  quit(guest: string, token: string): boolean;
  /** Acts when the lease is too old. */
  check(): Promise<void>;
  /** Milliseconds until the lease as it is now may be too old; 0 or less once it is. */
  restMs(): number;
  /** The lease is back for the same life: resumes what is still granted. Resolves with how long guests were held, 0 if none were. */
  lift(stillGranted: (guest: string) => boolean): Promise<number>;
  /** The life is over: what was paused has been destroyed. */
  forget(): void;
}

export interface QuiescePorts {
  readonly clock: Clock;
  readonly hypervisor: Hypervisor;
  readonly petter: Petter;
  readonly say: Say;
}

export function createQuiesce(
  times: Times,
  renewedMs: () => number,
  quits: (guest: string) => boolean,
  startsInFlight: () => number,
  look: () => Promise<readonly [readonly Instance[], readonly string[]]>,
  { clock, hypervisor, petter, say }: QuiescePorts,
): Quiesce {
  const paused = new Set<string>();
  /** Guest: token of its last instance that was ended here. */
  const ended = new Map<string, string | null>();
  /** Why a guest could last not be resumed: said once, not with every renewal. */
  const unwilling = new Map<string, string>();
  // A daemon that has just begun does not know how old the lease is that it finds guests running under, only that the
  // petter still keeps to it. It waits for one of its own no longer than for a silent host.
  const assumedMs = clock.now() - times.quiesceMs + times.suspectMs;
  let sinceMs: number | null = null;
  let looking: Promise<void> | null = null;
  let lifting = false;
  /** Resumes not yet answered: each may let a guest write at any moment. */
  let resuming = 0;

  /** True when it was seen that no guest of this host can write: each is paused or gone, in libvirt and in /proc. */
  const allStill = async (): Promise<boolean> => {
    if (startsInFlight() > 0 || resuming > 0) return false;
    const [instances, processes] = await look();
    const still = new Set(instances.filter((i) => i.state === 'paused').map((i) => i.guest));
    return instances.every((i) => i.state === 'paused') && processes.every((guest) => still.has(guest));
  };

  const pauseAll = async () => {
    const [instances] = await look();
    await Promise.all(
      instances.map(async ({ guest, state, token }) => {
        if (state === 'paused') return;
        // Remembered before the pause: one that succeeds with a lost answer must still be resumed.
        if (!quits(guest)) paused.add(guest);
        else ended.set(guest, token);
        const outcome = await (quits(guest) ? hypervisor.destroy(guest) : hypervisor.pause(guest));
        if (outcome.kind !== 'succeeded') say.error('guest not paused', { guest, reason: outcome.reason });
      }),
    );
  };

  const keepStill = async () => {
    try {
      if (sinceMs === null) say.warn('lease not renewed: guests are being paused');
      sinceMs ??= clock.now();
      const began = sinceMs;
      if (!(await allStill())) await pauseAll();
      // Petting past the lease is allowed only here, and only as far as one confirmation reaches: seen just now, no
      // guest runs and no start or resume is in flight, so nothing on this host can write. Not seen, or guests were
      // resumed while it was looked: the watchdog takes over.
      if ((await allStill()) && sinceMs === began)
        petter.setUntil(clock.now() + times.watchdogMs + WATCHDOG_SLACK_MS + 2 * times.heartbeatMs);
    } catch (error) {
      say.error('cannot confirm that guests are paused; the watchdog will reset this host', { error: String(error) });
    }
  };

  const resumeOne = async (guest: string, granted: boolean) => {
    if (!granted) return void paused.delete(guest);
    resuming += 1;
    const outcome = await hypervisor.resume(guest).finally(() => {
      resuming -= 1;
    });
    if (outcome.kind === 'succeeded') {
      paused.delete(guest);
      return void unwilling.delete(guest);
    }
    // Its storage may be away for a while. As long as it is there and paused it is tried again with every renewal.
    const now = await hypervisor.state(guest);
    if (now === 'gone' || now === 'running') paused.delete(guest);
    if (unwilling.get(guest) !== outcome.reason) say.error('guest not resumed', { guest, reason: outcome.reason });
    unwilling.set(guest, outcome.reason);
  };

  const restMs = () => Math.max(renewedMs(), assumedMs) + times.quiesceMs - clock.now();

  return {
    active: () => sinceMs !== null,
    paused: () => paused,

    assume(guests) {
      for (const guest of guests) paused.add(guest);
      if (guests.length > 0) sinceMs ??= clock.now();
    },

    async hold(guest) {
      const outcome = await hypervisor.pause(guest);
      // Remembered only now: the lease may have come back before the pause took hold, and the next renewal resumes it.
      paused.add(guest);
      if (outcome.kind !== 'succeeded') say.error('guest not paused', { guest, reason: outcome.reason });
    },

    quit: (guest, token) => ended.get(guest) === token,

    restMs,

    async check() {
      if (looking || restMs() > 0) return;
      looking = keepStill().finally(() => {
        looking = null;
      });
      await looking;
    },

    async lift(stillGranted) {
      if (lifting || (sinceMs === null && paused.size === 0)) return 0;
      lifting = true;
      const heldMs = sinceMs !== null && paused.size > 0 ? clock.now() - sinceMs : 0;
      sinceMs = null;
      try {
        // A look under way may still pause guests: it ends first, or what it pauses now nobody would ever resume.
        await looking;
        if (restMs() > 0) await Promise.all([...paused].map((guest) => resumeOne(guest, stillGranted(guest))));
      } finally {
        lifting = false;
      }
      return heldMs;
    },

    forget() {
      sinceMs = null;
      paused.clear();
      unwilling.clear();
    },
  };
}
