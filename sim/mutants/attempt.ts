/** One mutant, or the code as it is: hunts it with seed after seed until something is wrong. Imported after the rule is broken. */
import type { Plan } from '../explore/plan.ts';
import { runSeed } from '../explore/run-seed.ts';
import { tellFault } from '../explore/tell.ts';
import type { Fault } from '../faults.ts';
import { AIMED } from './aimed.ts';
import { HUNTS, huntPlan } from './hunts.ts';

export interface Finding {
  readonly hunt: string;
  readonly seed: number;
  /** Number of the invariant in docs/explore.md; null: something a plan asks for that is no invariant. */
  readonly invariant: number | null;
  readonly what: string;
  /** What is left of the plan when every fault that is not needed is left out. */
  readonly faults: readonly string[];
}

/** Of an aimed plan only the timing differs from seed to seed. */
const AIMED_SEEDS_AT_MOST = 40;

interface Trial {
  readonly plan: Plan;
  readonly settles: boolean;
  readonly never?: RegExp | undefined;
  readonly always?: RegExp | undefined;
}

function trialOf(hunt: string, seed: number): Trial {
  if (!hunt.startsWith('aimed ')) return { plan: huntPlan(hunt, seed), settles: HUNTS[hunt]!.settles === true };
  const { plan, settles = false, never, always } = AIMED[hunt.slice('aimed '.length)]!;
  return { plan, settles, never, always };
}

/** What is wrong in this run; null when nothing is. */
async function wrong(
  seed: number,
  { plan, settles, never, always }: Trial,
): Promise<Omit<Finding, 'hunt' | 'faults'> | null> {
  let begun = false;
  let forbidden: string | null = null;
  let met = always === undefined;
  const result = await runSeed(seed, {
    plan,
    stopEarly: true,
    safetyOnly: !settles,
    onLine(line) {
      begun ||= line.includes('FAULT') && !line.includes('clock-drift');
      if (!begun) return;
      if (never?.test(line)) forbidden ??= line.trim();
      if (always?.test(line)) met = true;
    },
  });
  const [violation] = result.violations;
  if (violation) return { seed, invariant: violation.invariant, what: violation.what };
  if (forbidden !== null) return { seed, invariant: null, what: forbidden };
  if (!met) return { seed, invariant: null, what: `never happened: ${always!.source.replaceAll('\\', '')}` };
  if (result.unsettled[0] !== undefined) return { seed, invariant: null, what: result.unsettled[0] };
  return null;
}

/** Leaves out one step after the other, as long as something is still wrong. */
async function shrunk(seed: number, trial: Trial): Promise<readonly string[]> {
  let { plan } = trial;
  // Without its faults, what should have happened would not have happened either.
  if (trial.always) return told(plan);
  for (let i = plan.steps.length - 1; i >= 0; i--) {
    const less = { ...plan, steps: plan.steps.filter((_, n) => n !== i) };
    if (await wrong(seed, { ...trial, plan: less })) plan = less;
  }
  return told(plan);
}

const told = ({ steps }: Plan): string[] =>
  steps.map(({ fault, after }) => `${said(fault)}${after ? ` (after ${after.type})` : ''}`);

/** `order set-desired g1 stopped`. */
function said(fault: Fault): string {
  if (fault.kind !== 'order') return tellFault(fault);
  const told = Object.entries(fault.order).filter(([key]) => !['by', 'key', 'signature'].includes(key));
  return `order ${told.map(([, value]) => value ?? 'anywhere').join(' ')}`;
}

/** `tried` hears after each seed. Null: nothing was found. */
export async function attempt(
  hunts: readonly string[],
  seeds: number,
  tried: (hunt: string, seed: number) => void,
): Promise<Finding | null> {
  for (const hunt of hunts) {
    const most = hunt.startsWith('aimed ') ? Math.min(seeds, AIMED_SEEDS_AT_MOST) : seeds;
    for (let seed = 1; seed <= most; seed++) {
      const trial = trialOf(hunt, seed);
      const found = await wrong(seed, trial);
      tried(hunt, seed);
      if (found) return { hunt, ...found, faults: await shrunk(seed, trial) };
    }
  }
  return null;
}
