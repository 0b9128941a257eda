/**
 * One story: a calm cluster, what fails, and what becomes of it until all is well again. Hours in which nothing changes
 * (a host waits for its spare part) are skipped: they count, but are not simulated.
 */
import type { Fleet } from '../../machines/fleet.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Order } from '../../services/protocol.ts';
import { createSimulation } from '../create.ts';
import { giveBack } from '../give-back.ts';
import { createRandom } from '../random.ts';
import type { Simulation } from '../simulation.ts';
import { createDowntime } from './downtime.ts';
import { type Errand, orderUntilAccepted, reboot } from './errands.ts';
import { createFences } from './fences.ts';
import { type Incident, type Story, spread } from './incidents.ts';
import type { Outcome, StoryEvent, StoryOptions } from './outcome.ts';
import { attend, ON_CALL, wanted } from './person.ts';
import type { KindName } from './rates.ts';
import { type Act, createScript } from './script.ts';
import { createView } from './view.ts';

/** So long without any change of state: nothing more happens by itself. */
const STILL_MS = 60_000;
/** All well for so long: it is over. */
const CALM_MS = 10_000;
/** Not settled after so long, though nothing happens from outside. */
const PATIENCE_MS = 1_800_000;
const STEP_MS = 1_000;
const WARM_UP_MS = 300_000;
const ACTS_AT_MOST = 5;

export async function tellStory(
  spec: ClusterSpec,
  story: Story,
  options: StoryOptions,
  watch: (event: StoryEvent) => void = () => {},
): Promise<Outcome> {
  const random = createRandom(`${story.seed}/${options.salt ?? ''}`);
  const sim = await createSimulation(spec, { seed: random.below(2 ** 31) });
  const view = createView(sim);
  await warmUp(sim, view.calm, () => sim.leader()?.controller()?.fleet() ?? null);
  const guests = Object.keys(spec.guests).filter((guest) => spec.guests[guest]!.desired === 'running');
  const unplaced = guests.filter((guest) => sim.writers(guest).length === 0);
  view.wantOnly(guests.filter((guest) => !unplaced.includes(guest)));

  const beganMs = sim.now();
  let skippedMs = 0;
  const now = () => sim.now() - beganMs + skippedMs;
  const downtime = createDowntime(guests, options.bootMs, now);
  for (const guest of guests)
    for (const host of sim.writers(guest))
      downtime.hear({ kind: 'writer', atMs: 0, guest, host, on: true, token: null });

  const fences = createFences(now);
  const begun: { readonly atMs: number; readonly kind: KindName }[] = [];
  const deafen = sim.observe((event) => {
    downtime.hear(event);
    fences.hear(event);
    watch({ atMs: now(), kind: 'world', event });
  });

  // What will happen, in order; and what somebody is at right now, looked at every second.
  const agenda: { atMs: number; run: () => void }[] = [];
  const errands: Errand[] = [];
  let timed = 0;
  const at = (atMs: number, run: () => void) => {
    agenda.push({ atMs, run });
    agenda.sort((a, b) => a.atMs - b.atMs);
  };
  const tell = (what: string) => watch({ atMs: now(), kind: 'person', what });
  const order = (wish: Order) => void errands.push(orderUntilAccepted(sim, wish));

  const script = createScript(sim, downtime);
  const begins = (incident: Incident): Act => {
    const act = script(incident);
    watch({ atMs: now(), kind: 'incident', incident, over: false });
    if (incident.kind !== 'bmc-dead') begun.push({ atMs: now(), kind: incident.kind });
    fences.fallIll(act.ill);
    timed += act.timed ? 1 : 0;
    act.begin();
    if (incident.kind !== 'planned-reboot') return act;
    const host = incident.subject;
    const [down, back] = [() => fences.fallIll([host]), () => fences.getWell([host])];
    errands.push(reboot({ sim, view, host, order, down, back, tell }));
    return act;
  };
  const ends = (incident: Incident, act: Act) => {
    act.end();
    timed -= act.timed ? 1 : 0;
    fences.getWell(act.ill);
    if (incident.lastsMs > 0) watch({ atMs: now(), kind: 'incident', incident, over: true });
  };
  for (const incident of story.incidents) {
    at(incident.atMs, () => {
      const act = begins(incident);
      at(Math.max(now(), incident.atMs + incident.lastsMs), () => ends(incident, act));
    });
  }

  const asked: string[] = [];
  const needed: string[] = [];
  let acts = 0;
  /** On the way, and what is left to do of the last visit. */
  let onTheWay = false;
  let leftToDo = 0;
  const page = (fleet: Fleet, why: readonly string[]) => {
    onTheWay = true;
    asked.push(...why);
    const afterMs = spread(options.rates.personMs, random.next());
    tell(`a person is asked: ${why.join('; ')}`);
    at(now() + afterMs, () => {
      onTheWay = false;
      acts += 1;
      const current = sim.leader()?.controller()?.fleet() ?? fleet;
      needed.push(...downtime.down());
      tell('a person acts');
      fences.excuse(Object.keys(spec.hosts), PATIENCE_MS);
      const later = (ms: number, run: () => void) => {
        leftToDo += 1;
        at(now() + ms, () => {
          leftToDo -= 1;
          run();
        });
      };
      attend(current, { simulation: sim, repairing: fences.isIll, order, later, tell });
    });
  };

  let unsettled: string | null = null;
  let idleSinceMs = now();
  for (;;) {
    while (agenda[0] && agenda[0].atMs <= now()) {
      agenda.shift()!.run();
      view.disturb();
      idleSinceMs = now();
    }
    for (const errand of [...errands]) if (errand()) errands.splice(errands.indexOf(errand), 1);
    const next = agenda[0];
    const busy = errands.length > 0 || timed > 0;
    const calmForMs = view.calmForMs();
    if (!next && !busy && calmForMs >= CALM_MS) break;
    const quiet = !busy && (calmForMs >= CALM_MS || view.stillForMs() >= STILL_MS);
    const given = now() - idleSinceMs > PATIENCE_MS;
    if ((quiet || given) && calmForMs < CALM_MS && !onTheWay && leftToDo === 0 && acts < ACTS_AT_MOST) {
      const fleet = sim.leader()?.controller()?.fleet();
      const why = fleet ? wanted(fleet, fences.isIll) : [];
      if (why.length > 0) {
        page(fleet!, why);
        continue;
      }
    }
    if (!next && given && errands.length === 0) {
      unsettled = view.why();
      break;
    }
    if (next && options.skip !== false && (quiet || (given && !busy)) && next.atMs - now() > STEP_MS) {
      const forMs = next.atMs - now();
      watch({ atMs: now(), kind: 'skipped', forMs });
      skippedMs += forMs;
      continue;
    }
    await sim.advance(next ? Math.max(1, Math.min(STEP_MS, next.atMs - now())) : STEP_MS);
    view.look();
  }

  const lost = unsettled === null ? [] : [...downtime.down()];
  const gaps = downtime.finish();
  const lastedMs = now();
  const simulatedMs = sim.now();
  deafen();
  await sim.stop();
  return {
    seed: story.seed,
    outages: gaps.map((gap) => ({
      ...gap,
      kind: begun.findLast(({ atMs }) => atMs <= gap.fromMs)?.kind ?? begun[0]!.kind,
    })),
    unplaced,
    ...fences.result(),
    asked: [...new Set(asked)],
    needed: [...new Set(needed)],
    lost,
    doubles: downtime.doubles,
    unsettled,
    simulatedMs,
    lastedMs,
  };
}

/** Until every guest runs that can, spares are off, and no voter is still waiting after its own start. */
async function warmUp(sim: Simulation, calm: () => boolean, fleet: () => Fleet | null): Promise<void> {
  await sim.advance(WARM_UP_MS, calm);
  for (const [host, { spare }] of Object.entries(sim.spec.hosts)) if (spare) await giveBack(host, sim, fleet, ON_CALL);
  await sim.advance(WARM_UP_MS, calm);
  await sim.advance(sim.spec.times.leaseMs * 1.2);
}
