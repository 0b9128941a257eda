import { drill } from '../drill/drill.ts';
import { delay } from '../exec.ts';

const HOSTS = ['h1', 'h2', 'h3'];

export default drill({
  about: 'All power is gone and comes back: every guest returns without a person.',
  fault: async (rig) => {
    await Promise.all(HOSTS.map((host) => rig.fault('power-loss', host)));
    await delay(2_000);
    const [first] = await Promise.all(HOSTS.map((host) => rig.fault('power-on', host)));
    return first ?? Date.now();
  },
  restarted: { g1: HOSTS, g2: HOSTS, g3: HOSTS, g4: HOSTS },
  withinMs: 90_000,
});
