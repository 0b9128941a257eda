/** Runs a story against a simulated cluster: same seed, same transcript, byte for byte. */
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Fault } from '../faults.ts';
import type { Simulation, SimulationOptions } from '../simulation.ts';
import { aim, signed } from './aim.ts';
import type { FaultStep, Story } from './ast.ts';
import { bringUp, present } from './bring-up.ts';
import { createChronicle, matches } from './chronicle.ts';
import { createJury } from './jury.ts';
import { sayFault } from './say-fault.ts';
import { createTranscript, sayEntry, sayVerdict, sayWorld } from './tell.ts';
import type { World } from './world.ts';

export type CreateSimulation = (spec: ClusterSpec, options: SimulationOptions) => Promise<Simulation>;

export interface StoryResult {
  readonly passed: boolean;
  /** What was expected and did not come true, with the line of the story file. */
  readonly problems: readonly { readonly line: number; readonly what: string }[];
  readonly transcript: string;
  /** Virtual ms of the whole run, the way to the beginning included. */
  readonly virtualMs: number;
}

/** Between two looks at what no event tells. */
const LOOK_MS = 50;
/** So long, at least, an aimed fault waits for its entry. */
const AIM_MS = 60_000;
/** The story goes on a little after the last thing that was waited for. */
const TAIL_MS = 2_000;

export async function runStory(
  story: Story,
  create: CreateSimulation,
  seed: number = story.seed,
): Promise<StoryResult> {
  const sim = await create(story.spec, { seed, model: story.model });
  try {
    return await play(story, sim, { heading: `seed ${seed}, seconds since the beginning` });
  } finally {
    await sim.stop();
  }
}

export interface Telling {
  /** The second line of the transcript. */
  readonly heading: string;
  /** So much later than the story expects is still in time. */
  readonly allowanceMs?: number;
  /** Is given each line of the transcript as it comes. */
  readonly told?: (line: string) => void;
}

/** Tells a story in a world that has just been made. */
export async function play(story: Story, sim: World, telling: Telling): Promise<StoryResult> {
  const { heading, allowanceMs = 0, told } = telling;
  const chronicle = createChronicle(sim);
  const transcript = createTranscript(told);
  const problems: { line: number; what: string }[] = [];
  const answers: string[] = [];
  const { nowMs } = chronicle;
  const result = (): StoryResult => ({
    passed: problems.length === 0,
    problems,
    transcript: `${story.title}\n${heading}\n\n${transcript.text()}`,
    virtualMs: sim.now(),
  });

  const missing = story.cold ? null : await bringUp(story, chronicle);
  if (missing !== null) {
    problems.push({ line: 1, what: missing });
    return result();
  }
  chronicle.begin();
  transcript.line(0, 'begins', story.cold ? 'every machine is switched on' : present(chronicle));

  /** Something has happened: time is worth stopping for. */
  let dirty = false;
  sim.observe((event) => {
    dirty = true;
    const said = sayWorld(event, sim);
    if (said) transcript.line(nowMs(), said.who, said.what);
  });

  const faultSteps = story.steps.filter((step) => step.kind === 'faults');
  /** Moments at which faults will come, and at which they came. */
  const due = new Map<FaultStep, number>();
  const fired = new Map<FaultStep, number>();
  const jury = createJury(
    story,
    chronicle,
    answers,
    (index) => fired.get(story.steps[index] as FaultStep) ?? null,
    (step, wrong, afterMs) => {
      transcript.line(nowMs(), 'expect', sayVerdict(step, wrong, afterMs));
      if (wrong !== null) problems.push({ line: step.line, what: `${step.words}: ${wrong}` });
    },
    allowanceMs,
  );

  const give = (fault: Extract<Fault, { kind: 'order' }>) => {
    transcript.line(nowMs(), 'order', sayFault(fault));
    void sim.order(signed(fault, chronicle), fault.at).then((answer) => {
      answers.push(answer);
      dirty = true;
      transcript.line(nowMs(), 'order', `told: ${answer}`);
    });
  };
  const strike = (step: FaultStep) => {
    jury.judge(story.steps.indexOf(step));
    due.delete(step);
    fired.set(step, nowMs());
    for (const fault of step.faults) {
      const aimed = aim(fault, chronicle);
      if (typeof aimed === 'string') problems.push({ line: step.line, what: aimed });
      else if (aimed.kind === 'order') give(aimed);
      else sim.inject(aimed);
    }
  };

  const seen = new Map<FaultStep, number>();
  for (const step of faultSteps) if (step.moment.kind === 'at') due.set(step, step.moment.ms);
  chronicle.onEntry((logged) => {
    transcript.line(logged.atMs, 'log', sayEntry(logged));
    for (const step of faultSteps) {
      if (step.moment.kind !== 'after' || !matches(step.moment.entry, logged.stored.entry)) continue;
      seen.set(step, (seen.get(step) ?? 0) + 1);
      if (seen.get(step) !== step.moment.nth) continue;
      // Here and now, inside the stream: nobody has been told of the entry yet.
      if (step.moment.ms === 0) strike(step);
      else due.set(step, logged.atMs + step.moment.ms);
    }
  });

  const endMs = (): number => {
    if (story.untilMs !== null) return story.untilMs;
    let latest = jury.openUntilMs();
    for (const [step, atMs] of fired)
      for (const fault of step.faults) latest = Math.max(latest, atMs + ('forMs' in fault ? (fault.forMs ?? 0) : 0));
    const aimed = faultSteps.some((step) => !fired.has(step) && !due.has(step));
    return Math.max(latest, ...due.values(), aimed ? AIM_MS : 0) + TAIL_MS;
  };

  for (;;) {
    for (const [step, atMs] of [...due]) {
      if (atMs > nowMs()) continue;
      if (nowMs() >= atMs + allowanceMs || !jury.wants(story.steps.indexOf(step))) strike(step);
    }
    chronicle.look();
    jury.judge();
    const end = endMs();
    if (nowMs() >= end && (nowMs() >= end + allowanceMs || !jury.wants(story.steps.length))) break;
    dirty = false;
    const next = Math.min(...[end, ...due.values()].filter((ms) => ms > nowMs()));
    await sim.advance(Math.min(LOOK_MS, next - nowMs()), () => dirty);
  }

  for (const step of faultSteps) {
    if (!fired.has(step)) problems.push({ line: step.line, what: 'its moment never came' });
  }
  jury.close();
  for (const split of chronicle.splits()) problems.push({ line: 1, what: split });
  transcript.line(nowMs(), 'ends', present(chronicle));
  return result();
}
