/**
 * One drill, once, in a lab that is up: `node lab/drill/run.ts NAME [untimed]` inside the lab's namespaces. Prints the report as
 * one JSON object; what it waits for goes to standard error.
 */
import { GUESTS } from '../layout.ts';
import { grantsAndProofs, sameLog, watchInstances, writers } from './checks.ts';
import { type Drill, type DrillReport, type GuestReport, PHASES } from './drill.ts';
import { loadDrill } from './load.ts';
import { measureGuest, overall, timelineOf } from './measure.ts';
import { type Prober, startProber } from './prober.ts';
import { reinstallSteps } from './reinstall.ts';
import { createRig, type Rig } from './rig.ts';

const WITHIN_MS = 40_000;
/** A guest that has just come back must have written before its disk is judged. */
const WRITING_MS = 5_000;

async function runDrill(name: string, drill: Drill, untimed: boolean): Promise<DrillReport> {
  const prober = startProber(GUESTS);
  const rig = createRig(prober);
  say('waiting for a calm cluster');
  await rig.calm();
  await rig.lead(drill.leads ?? { stream: 'h2', controller: 'h2' });
  const calm = await rig.calm();
  const from = new Map(calm.guests.map((guest) => [guest.name, guest.host]));
  const lives = new Map(GUESTS.map((guest) => [guest.name, prober.lives(guest.name).at(-1)?.boot]));
  const endInstances = watchInstances();

  say('fault');
  const faultMs = await drill.fault(rig);
  const withinMs = drill.withinMs ?? WITHIN_MS;
  const restarted = Object.entries(drill.restarted ?? {});
  await rig.check('every guest that was lost runs again where it may', withinMs, async () => {
    const { guests } = await rig.status();
    const wrong = restarted.filter(([guest, hosts]) => {
      const now = guests.find((one) => one.name === guest);
      const anew = prober.lives(guest).some((life) => life.firstMs >= faultMs && life.boot !== lives.get(guest));
      return now?.state !== 'running' || !hosts.includes(now.host ?? '') || !anew;
    });
    return wrong.length === 0 ? true : `not yet: ${wrong.map(([guest]) => guest).join(', ')}`;
  });
  await drill.afterwards?.(rig, faultMs);
  await rig.check('guests that were not concerned live on, never restarted', 5_000, () =>
    unharmed(prober, drill.untouched ?? [], lives),
  );

  const log = await rig.log(1);
  const guests = Object.fromEntries(
    GUESTS.map(({ name }) => [name, measureGuest(name, from.get(name) ?? null, log, prober, faultMs)]),
  );
  const phases = overall(restarted.map(([guest]) => guests[guest] as GuestReport));
  await rig.check('what runs again also writes', WRITING_MS + 5_000, () => writing(rig));
  rig.note('no two instances ever wrote at the same time', writers());
  rig.note('no guest was seen running on two hosts', await endInstances());
  rig.note('every start has its grant, every grant its release proof', grantsAndProofs(log));
  rig.note('all nodes have the same log', sameLog(await logs(rig)));
  rig.note('every guest can say why it is where it is', await unexplained(rig));
  rig.noteTime('within its bounds', beyond(drill, phases));
  prober.end();

  return {
    drill: name,
    ok: rig.checks.every(({ ok, timed }) => ok || (timed && untimed)),
    phases,
    ...(drill.machines
      ? { steps: Object.fromEntries(drill.machines.map((host) => [host, reinstallSteps(log, host, faultMs)])) }
      : {}),
    guests,
    checks: rig.checks,
    timeline: timelineOf(log, faultMs),
  };
}

async function unharmed(
  prober: Prober,
  guests: readonly string[],
  lives: ReadonlyMap<string, string | undefined>,
): Promise<true | string> {
  const now = Date.now();
  const wrong = guests.filter((guest) => {
    const own = prober.lives(guest);
    const answersNow = (prober.answerAfter(guest, now - 1_500) ?? 0) > 0;
    return own.length !== 1 || own[0]?.boot !== lives.get(guest) || !answersNow;
  });
  return wrong.length === 0 ? true : `${wrong.join(', ')} restarted or silent`;
}

/** Every guest that answers says that it writes. */
async function writing(rig: Rig): Promise<true | string> {
  const silent = await Promise.all(
    GUESTS.filter(({ name }) => (rig.prober.answerAfter(name, Date.now() - 1_500) ?? 0) > 0).map(
      async ({ name, address }) => {
        const answer = await fetch(`http://${address}/cgi-bin/state`, { signal: AbortSignal.timeout(2_000) });
        const { writer } = (await answer.json()) as { writer: string };
        return writer.startsWith('writing') ? [] : [`${name}: ${writer}`];
      },
    ),
  );
  return silent.flat().length === 0 ? true : silent.flat().join('; ');
}

async function logs(rig: Rig) {
  const known = new Map<string, Awaited<ReturnType<Rig['log']>>>();
  for (const { name, path } of await rig.statuses()) known.set(name, await rig.logAt(path, 1));
  return known;
}

async function unexplained(rig: Rig): Promise<string[]> {
  const problems: string[] = [];
  for (const { name } of GUESTS) {
    const lines = await rig.why(`guest/${name}`).catch((error: unknown) => [`cannot say why: ${error}`]);
    if (lines.length === 0 || lines[0]?.startsWith('cannot')) problems.push(`${name}: ${lines[0] ?? 'nothing'}`);
  }
  return problems;
}

function beyond(drill: Drill, phases: DrillReport['phases']): string[] {
  return PHASES.flatMap((phase) => {
    const bound = drill.bounds?.[phase];
    const took = phases[phase];
    if (bound === undefined || (took !== null && took <= bound)) return [];
    return [`${phase} is ${took ?? 'not known'}, more than ${bound}`];
  });
}

function say(what: string): void {
  console.error(`${new Date().toISOString().slice(11, 23)} ${what}`);
}

const name = process.argv[2] ?? '';
try {
  console.log(JSON.stringify(await runDrill(name, await loadDrill(name), process.argv[3] === 'untimed')));
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
