/** The story `npm start` tells, from inside the lab: a host loses its power, and what the log says about it, live. */
import type { Stored } from '../machines/entries.ts';
import { sentence } from '../machines/sentences.ts';
import type { Status } from '../services/api-status.ts';
import { measureGuest, overall } from './drill/measure.ts';
import { startProber } from './drill/prober.ts';
import { createRig } from './drill/rig.ts';
import { seconds } from './drill/tell.ts';
import { delay } from './exec.ts';
import { GUESTS } from './layout.ts';

const LOST = 'h1';
const LIMIT_MS = 60_000;
const LOOK_MS = 100;

const prober = startProber(GUESTS);
const rig = createRig(prober);

function show(status: Status): void {
  console.log(`\nCluster ${status.cluster}, led by ${status.roles.leader}:`);
  for (const host of status.hosts)
    console.log(`  ${host.name}  ${host.state.padEnd(10)} ${host.guests.join(' ') || 'no guests'}`);
}

async function story(): Promise<boolean> {
  console.log('\nWaiting until nothing is left to do ...');
  const before = await rig.calm();
  show(before);
  const from = new Map(before.guests.map(({ name, host }) => [name, host]));
  const lost = GUESTS.filter(({ name }) => from.get(name) === LOST);

  console.log(`\nPulling the power of ${LOST}, with ${lost.map(({ name }) => name).join(', ')} on it.`);
  const faultMs = await rig.fault('power-loss', LOST);
  const after = (ms: number) => `  ${`+${seconds(ms)}`.padStart(8)}  `;
  console.log(`${after(0)}no power`);

  const log: Stored[] = await rig.log(1);
  let shown = log.findIndex(({ entry }) => Date.parse(entry.time) >= faultMs);
  if (shown < 0) shown = log.length;
  const answering = new Set<string>();
  while (answering.size < lost.length && Date.now() - faultMs < LIMIT_MS) {
    log.push(...(await rig.log((log.at(-1)?.seq ?? 0) + 1).catch(() => [])));
    for (; shown < log.length; shown++) {
      const { entry } = log[shown] as Stored;
      console.log(`${after(Date.parse(entry.time) - faultMs)}${sentence(entry)}`);
    }
    for (const { name } of lost) {
      const life = prober.lives(name).find(({ firstMs }) => firstMs >= faultMs);
      if (!life || answering.has(name)) continue;
      answering.add(name);
      console.log(`${after(life.firstMs - faultMs)}${name} answers HTTP`);
    }
    await delay(LOOK_MS);
  }

  show(await rig.status());
  const measured = lost.map(({ name }) => measureGuest(name, from.get(name) ?? null, log, prober, faultMs));
  const all = overall(measured);
  console.log(`
Where the time went, from the moment the power was gone:
  ${seconds(all.detectedMs).padStart(8)}  the silence of ${LOST} was noticed
  ${seconds(all.provenMs).padStart(8)}  it was proven off
  ${seconds(all.decidedMs).padStart(8)}  new places for its guests were decided
  ${seconds(all.runningMs).padStart(8)}  libvirt had all of them running
  ${seconds(all.answeringMs).padStart(8)}  all of them answered (what remains is their own boot, emulated without KVM)`);
  return answering.size === lost.length;
}

story().then(
  (ok) => process.exit(ok ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
