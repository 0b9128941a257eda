import { drill } from '../drill/drill.ts';
import { delay } from '../exec.ts';

const WAIT_MS = 15_000;

export default drill({
  about:
    'Two of three hosts lose their power: nothing starts, for nobody can prove anything. With one of them back, all guests return.',
  fault: async (rig) => {
    await Promise.all([rig.fault('power-loss', 'h1'), rig.fault('power-loss', 'h2')]);
    await delay(WAIT_MS);
    const { guests } = await rig.lab();
    rig.note(
      'nothing started without a majority',
      guests.filter(({ on }) => on.length > 0).map(({ name, on }) => `${name} on ${on}`),
    );
    return rig.fault('power-on', 'h2');
  },
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'], g4: ['h2', 'h3'] },
  withinMs: 90_000,
});
