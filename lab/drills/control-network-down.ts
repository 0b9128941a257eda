import { drill } from '../drill/drill.ts';
import { delay } from '../exec.ts';

const OUTAGE_MS = 60_000;
const BACK_MS = 2_000;

export default drill({
  about:
    'The control network of all hosts is down for a minute: guests pause, no host resets itself, and all run within 2 s of its return.',
  fault: async (rig) => {
    const lives = async () => (await rig.lab()).nodes.map(({ name, init }) => `${name}:${init}`).join(' ');
    const before = await lives();
    await rig.fault('cut-control', 'all');
    await delay(OUTAGE_MS);
    const after = await lives();
    rig.note('no host was reset', before === after ? [] : [`first processes were ${before}, are ${after}`]);
    return rig.fault('heal', 'all');
  },
  untouched: ['g1', 'g2', 'g3', 'g4'],
  afterwards: async (rig, healedMs) => {
    await rig.check('all guests answer again', 20_000, async () =>
      rig.guests.every(({ name }) => rig.prober.answerAfter(name, healedMs)) ? true : 'not yet',
    );
    const waits = rig.guests.map(({ name }) => ({
      name,
      ms: (rig.prober.answerAfter(name, healedMs) ?? Number.NaN) - healedMs,
    }));
    const late = waits.filter(({ ms }) => !(ms <= BACK_MS));
    rig.noteTime(
      `running at most ${BACK_MS} ms after the return`,
      late.map(({ name, ms }) => `${name}: ${ms} ms`),
    );
    // Whatever the outage made anybody think of the guests has been thought by then, and they still live their first life.
    await rig.check(
      'the cluster decides again and leaves them alone',
      30_000,
      async () => Boolean(await rig.calm()) || 'not calm',
    );
  },
});
