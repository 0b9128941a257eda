/** Whether this host, newly installed, can hold guests: tested before it is given any. */
import type { ClusterSpec } from '../../machines/spec.ts';
import { majorityOf } from '../majority.ts';
import type { Clock, Outcome, Qualification, Say, StartGuard } from '../ports.ts';

export interface QualifyPorts {
  readonly clock: Clock;
  readonly guard: StartGuard;
  readonly qualification: Qualification;
  readonly say: Say;
}

/** Sentences in one outcome: it is read by a person, and kept in the log. */
const MAX_TOLD = 5;
/** Images looked at at once: a storage that hangs must not take up every thread. */
const LOOKING = 4;

type Checked = { readonly kind: Outcome['kind']; readonly says: readonly string[] };

/**
 * Returns the test. It may be repeated at any time. `leaderWallMs`: the leader's wall clock when it asked.
 */
export function createQualify(
  host: string,
  spec: ClusterSpec,
  { clock, guard, qualification, say }: QualifyPorts,
): (leaderWallMs: number) => Promise<Outcome> {
  const canary = canaryName(spec);
  // One that a daemon before this one left permitted: it must not be able to start while nobody watches.
  guard.revoke(canary);
  const here = spec.hosts[host]?.storage ?? [];
  /** Those that may be placed here. What others need, this host need not have. */
  const guests = Object.entries(spec.guests).filter(
    ([, { hosts, storage }]) =>
      (hosts.length === 0 || hosts.includes(host)) && storage.every((name) => here.includes(name)),
  );

  const virtualization = async () =>
    one('virtualization', await qualification.virtualization(guests.map(([, { definition }]) => definition)));

  /** Only what the cluster file says is to be had here: a disk that is replicated to two hosts is on no third one. */
  const storage = async (): Promise<Checked> => {
    const left = guests.filter(([, { storage }]) => storage.length > 0);
    const bad: { says: string; kind: Outcome['kind'] }[] = [];
    let looked = 0;
    const look = async () => {
      // Where all are missing a few say enough, and each look at a storage that hangs takes its time.
      for (let next = left.pop(); next && bad.length < MAX_TOLD; next = left.pop()) {
        const outcome = await qualification.images(next[1].definition);
        looked++;
        if (outcome.kind === 'succeeded') continue;
        const says = `storage ${next[1].storage.join(', ')}, image of ${next[0]}: ${outcome.reason}`;
        bad.push({ says, kind: outcome.kind });
      }
    };
    await Promise.all(Array.from({ length: LOOKING }, look));
    if (bad.length === 0) return { kind: 'succeeded', says: [`storage: guests whose images are there: ${looked}`] };
    const kind = bad.some((one) => one.kind === 'failed') ? 'failed' : 'unknown';
    return { kind, says: bad.map(({ says }) => says) };
  };

  /** Others may be down just now, and must not keep this one from coming back; but without a majority it is cut off itself. */
  const ways = async (): Promise<Checked> => {
    const reached = await qualification.ways();
    const missing = Object.keys(reached).filter((node) => !reached[node]);
    const voters = spec.voters.filter((voter) => voter === host || reached[voter]).length;
    const all = `${Object.keys(reached).length - missing.length} of ${Object.keys(reached).length} other nodes are reached`;
    const says = [`network: ${all}${missing.length > 0 ? `, not ${missing.slice(0, MAX_TOLD).join(', ')}` : ''}`];
    return { kind: voters >= majorityOf(spec.voters.length) ? 'succeeded' : 'failed', says };
  };

  /** Leases use no wall clock, but due times of timers do, once this node leads. */
  const clocks = (leaderWallMs: number): Checked => {
    const apartMs = Math.abs(clock.wall() - leaderWallMs);
    const says = [`clock: ${(apartMs / 1_000).toFixed(1)} s from the leader's`];
    return { kind: apartMs > spec.times.leaseMs ? 'failed' : 'succeeded', says };
  };

  const tryCanary = async (): Promise<Checked> => {
    // libvirt's hook starts nothing without a grant: this name is let through, for this one try.
    guard.allow(canary, '0.0');
    try {
      return one('canary guest', await qualification.canary(canary, '0.0'));
    } finally {
      guard.revoke(canary);
    }
  };

  const test = async (leaderWallMs: number): Promise<Outcome> => {
    const found = [
      clocks(leaderWallMs),
      ...(await Promise.all([virtualization(), storage(), ways()])),
      await tryCanary(),
    ];
    for (const kind of ['failed', 'unknown'] as const) {
      const says = found.filter((checked) => checked.kind === kind).flatMap((checked) => checked.says);
      if (!found.some((checked) => checked.kind === kind)) continue;
      say.warn('this host is not fit for guests', { says });
      return { kind, reason: told(says) };
    }
    return { kind: 'succeeded', detail: told(found.flatMap(({ says }) => says)) };
  };

  let running: Promise<Outcome> | null = null;
  return (leaderWallMs) => {
    // A new leader asks while the test for the last one runs: two canaries would be in each other's way.
    running ??= test(leaderWallMs).finally(() => {
      running = null;
    });
    return running;
  };
}

/** A name that no guest of the cluster has. */
export function canaryName({ guests }: ClusterSpec): string {
  const names = ['rekindle-canary', ...Object.keys(guests).map((_, n) => `rekindle-canary-${n}`)];
  return names.find((name) => !Object.hasOwn(guests, name))!;
}

function told(says: readonly string[]): string {
  const more = says.length - MAX_TOLD;
  return says.slice(0, MAX_TOLD).join('; ') + (more > 0 ? `; and ${more} more` : '');
}

const one = (what: string, outcome: Outcome): Checked => ({
  kind: outcome.kind,
  says: [`${what}: ${outcome.kind === 'succeeded' ? outcome.detail : outcome.reason}`],
});
