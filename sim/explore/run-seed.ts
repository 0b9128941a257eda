/** One run: a cluster, its faults, a quiet time, and what was wrong with it. A pure function of its input. */
import { createHash } from 'node:crypto';
import type { Stored } from '../../machines/entries.ts';
import { createSimulation } from '../create.ts';
import type { Fault, FaultKind } from '../faults.ts';
import type { Simulation, SimulationOptions } from '../simulation.ts';
import type { ConfigName } from './cluster.ts';
import { type Violation, watchInvariants } from './invariants.ts';
import type { Plan, Step } from './plan.ts';
import { randomPlan } from './random-plan.ts';
import { tell } from './tell.ts';
import { unsettled } from './unsettled.ts';

export interface RunOptions {
  /** Instead of the one that the seed gives. */
  readonly plan?: Plan;
  readonly config?: ConfigName;
  /** Passed on to the simulation; the seed is ours. */
  readonly simulation?: Omit<SimulationOptions, 'seed' | 'model'>;
  /** Ends the run at the first violation, and skips what follows. */
  readonly stopEarly?: boolean;
  /** Without the quiet time at the end: safety only. */
  readonly safetyOnly?: boolean;
  /** Hears every event, told as one line. */
  readonly onLine?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly virtualMs: number;
  /** Faults that really happened. */
  readonly faults: number;
  readonly entries: number;
  readonly violations: readonly Violation[];
  /** What had not come to rest after the quiet time, without any reason that the engine gives. */
  readonly unsettled: readonly string[];
  /** SHA-256 over everything that happened. */
  readonly transcript: string;
}

export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const plan = options.plan ?? randomPlan(seed, options.config);
  const simulation = await createSimulation(plan.spec, {
    ...options.simulation,
    seed,
    model: Object.fromEntries(Object.entries(plan.model).filter(([, value]) => value !== undefined)),
  });
  const watch = watchInvariants(plan.spec, simulation);
  const transcript = createHash('sha256');
  const happened = new Set<FaultKind>();
  let faults = 0;
  let entries = 0;
  simulation.observe((event) => {
    if (event.kind === 'fault') happened.add(event.fault.kind);
    if (event.kind === 'fault' && event.fault.kind !== 'order') faults += 1;
    if (event.kind === 'entry') entries += 1;
    if (event.kind === 'pet') return;
    const line = tell(event);
    transcript.update(`${line}\n`);
    options.onLine?.(line);
  });
  const over = () => options.stopEarly === true && watch.violations.length > 0;

  const endMs = plan.faultsEndMs;
  await happen(simulation, plan.steps, endMs, endMs, watch.look, over);
  let left: string[] = [];
  if (!over() && !options.safetyOnly) {
    const later = plan.mending.map((step) => ({ ...step, atMs: step.atMs + endMs }));
    await happen(simulation, later, endMs + plan.quietMs, null, watch.look, over);
    watch.end();
    left = unsettled(plan.spec, simulation, happened);
  }
  const virtualMs = simulation.now();
  await simulation.stop();
  return {
    seed,
    virtualMs,
    faults,
    entries,
    violations: watch.violations,
    unsettled: left,
    transcript: transcript.digest('hex'),
  };
}

/** Advances to `untilMs`, doing what is due on the way. Faults that end by themselves end before `healMs`. */
async function happen(
  simulation: Simulation,
  steps: readonly Step[],
  untilMs: number,
  healMs: number | null,
  look: () => void,
  over: () => boolean,
): Promise<void> {
  const timed = steps.filter(({ after }) => after === undefined);
  const waiting = steps.filter(({ after }) => after !== undefined);
  const due: { atMs: number; step: Step; subject: string | null }[] = timed.map((step) => ({
    atMs: step.atMs,
    step,
    subject: null,
  }));
  let woken = false;
  const stop = simulation.observe((event) => {
    if (event.kind !== 'entry' || waiting.length === 0) return;
    const { type } = event.stored.entry;
    for (let i = waiting.length - 1; i >= 0; i--) {
      const step = waiting[i]!;
      if (step.atMs > event.atMs || step.after!.type !== type) continue;
      waiting.splice(i, 1);
      due.push({ atMs: event.atMs + step.after!.delayMs, step, subject: hostOf(event) });
      woken = true;
    }
  });
  while (simulation.now() < untilMs && !over()) {
    const nextMs = Math.min(untilMs, ...due.map(({ atMs }) => atMs));
    woken = false;
    if (nextMs > simulation.now())
      await simulation.advance(nextMs - simulation.now(), () => {
        look();
        return woken || over();
      });
    for (const one of due.filter(({ atMs }) => atMs <= simulation.now())) {
      due.splice(due.indexOf(one), 1);
      const fault = aimed(one.step.fault, one.subject, simulation, healMs);
      if (fault) simulation.inject(fault);
    }
  }
  stop();
}

/** The host an entry is about. */
function hostOf({ stored }: { stored: Stored }): string | null {
  const { subject, data } = stored.entry;
  if (subject.startsWith('host/')) return subject.slice('host/'.length);
  return 'host' in data && typeof data.host === 'string' ? data.host : null;
}

/** The fault with its aims resolved; null when there is nothing to aim at. */
function aimed(fault: Fault, subject: string | null, simulation: Simulation, healMs: number | null): Fault | null {
  let nothing = false;
  const resolve = (name: string): string => {
    if (!name.startsWith('@')) return name;
    const guest = name.startsWith('@host-of ') ? name.slice('@host-of '.length) : null;
    const found =
      guest !== null ? simulation.writers(guest)[0] : name === '@leader' ? simulation.leader()?.name : subject;
    if (found === undefined || found === null) nothing = true;
    return found ?? name;
  };
  const result: Record<string, unknown> = { ...fault };
  for (const key of ['node', 'from', 'to']) if (typeof result[key] === 'string') result[key] = resolve(result[key]);
  if (nothing || (result.from !== undefined && result.from === result.to)) return null;
  if (healMs !== null && typeof result.forMs === 'number')
    result.forMs = Math.max(0, Math.min(result.forMs, healMs - simulation.now()));
  return result as Fault;
}
