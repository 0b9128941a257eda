import { drill } from '../drill/drill.ts';
import { delay } from '../exec.ts';

export default drill({
  about:
    'A whole host stops for 30 s and would go on: by then it is proven off, its guests run elsewhere, and it comes back as a new life.',
  fault: async (rig) => {
    const at = await rig.fault('freeze', 'h1');
    await delay(30_000);
    await rig.fault('thaw', 'h1');
    return at;
  },
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'] },
  untouched: ['g4'],
  withinMs: 30_000,
  afterwards: (rig) =>
    rig.check('the host is back in service', 60_000, async () => {
      const host = (await rig.status()).hosts.find(({ name }) => name === 'h1');
      return host?.state === 'running' ? true : `h1 is ${host?.state}`;
    }),
});
