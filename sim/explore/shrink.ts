/** Makes a failing plan as small as it gets while the same thing goes wrong. */
import type { Plan, Step } from './plan.ts';
import { type RunResult, runSeed } from './run-seed.ts';

/** What went wrong, without names and numbers, so that a smaller plan can be seen to fail alike. */
export function failureOf({ violations, unsettled }: Pick<RunResult, 'violations' | 'unsettled'>): string | null {
  if (violations[0]) return `invariant ${violations[0].invariant}`;
  if (!unsettled[0]) return null;
  return `unsettled: ${unsettled[0].replace(/\(.*\)/, '').replace(/\b(h|g|arbiter)?\d+\b/g, '#')}`;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly runs: number;
}

/** `runsAtMost` bounds the work. Resolves with the plan given when that does not fail in this way. */
export async function shrink(seed: number, plan: Plan, failure: string, runsAtMost = 150): Promise<Shrunk> {
  let best = plan;
  let runs = 0;
  const tries = async (smaller: Plan): Promise<boolean> => {
    if (runs >= runsAtMost) return false;
    runs += 1;
    const safety = failure.startsWith('invariant');
    const result = await runSeed(seed, { plan: smaller, stopEarly: safety, safetyOnly: false }).catch(() => null);
    if (result === null || failureOf(result) !== failure) return false;
    best = smaller;
    // Nothing after the violation matters.
    const atMs = result.violations[0]?.atMs;
    if (safety && atMs !== undefined && atMs < best.faultsEndMs)
      best = { ...best, faultsEndMs: Math.ceil(atMs) + 1, steps: best.steps.filter((step) => step.atMs <= atMs) };
    return true;
  };

  if (!(await tries(plan))) return { plan, runs };
  await fewer(
    (now) => now.steps,
    (now, steps) => ({ ...now, steps }),
    () => best,
    tries,
  );
  await fewer(
    (now) => now.mending,
    (now, mending) => ({ ...now, mending }),
    () => best,
    tries,
  );
  await fewer(
    (now) => Object.keys(now.spec.guests),
    keepGuests,
    () => best,
    tries,
  );
  await fewer(
    (now) => spareHosts(now),
    keepHosts,
    () => best,
    tries,
  );
  for (let i = 0; i < best.steps.length; i++) await shorter(i, () => best, tries);
  return { plan: best, runs };
}

/** Delta debugging (Zeller, 2002): drops halves, quarters, … and at last single ones. */
async function fewer<T>(
  get: (plan: Plan) => readonly T[],
  set: (plan: Plan, kept: T[]) => Plan,
  best: () => Plan,
  tries: (plan: Plan) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(get(best()).length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < get(best()).length; ) {
      const all = get(best());
      const kept = [...all.slice(0, at), ...all.slice(at + size)];
      if (!(await tries(set(best(), kept)))) at += size;
    }
  }
}

async function shorter(i: number, best: () => Plan, tries: (plan: Plan) => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 4; round++) {
    const step = best().steps[i];
    if (!step || !('forMs' in step.fault) || step.fault.forMs === undefined || step.fault.forMs < 100) return;
    const fault = { ...step.fault, forMs: Math.round(step.fault.forMs / 2) } as Step['fault'];
    const steps = best().steps.map((one, at) => (at === i ? { ...one, fault } : one));
    if (!(await tries({ ...best(), steps }))) return;
  }
}

function keepGuests(plan: Plan, kept: string[]): Plan {
  const guests = Object.fromEntries(
    kept.map((name) => {
      const guest = plan.spec.guests[name]!;
      const only = (names: readonly string[]) => names.filter((other) => kept.includes(other));
      return [name, { ...guest, together: only(guest.together), apart: only(guest.apart) }];
    }),
  );
  return { ...plan, spec: { ...plan.spec, guests } };
}

const spareHosts = ({ spec }: Plan) => Object.keys(spec.hosts).filter((host) => !spec.voters.includes(host));

function keepHosts(plan: Plan, kept: string[]): Plan {
  const there = (host: string) => plan.spec.voters.includes(host) || kept.includes(host);
  const hosts = Object.fromEntries(Object.entries(plan.spec.hosts).filter(([name]) => there(name)));
  const known = new Set([...Object.keys(hosts), ...Object.keys(plan.spec.arbiters)]);
  const guests = Object.fromEntries(
    Object.entries(plan.spec.guests).map(([name, guest]) => {
      const { prefers, ...rest } = guest;
      const wish = prefers !== undefined && there(prefers) ? { prefers } : {};
      return [name, { ...rest, ...wish, hosts: guest.hosts.filter(there) }];
    }),
  );
  const stays = ({ fault }: Step) =>
    ['node', 'from', 'to'].every((key) => {
      const name = (fault as unknown as Record<string, unknown>)[key];
      return typeof name !== 'string' || name.startsWith('@') || known.has(name);
    }) && !(fault.kind === 'order' && 'host' in fault.order && !known.has(fault.order.host));
  return {
    ...plan,
    spec: { ...plan.spec, hosts, guests },
    steps: plan.steps.filter(stays),
    mending: plan.mending.filter(stays),
  };
}
