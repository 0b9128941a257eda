import { drill } from '../drill/drill.ts';

export default drill({
  about:
    'Both cables of a host are out while its guests run on inside. It is switched off before they start elsewhere.',
  fault: (rig) => rig.fault('cut', 'h1'),
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'] },
  untouched: ['g4'],
  bounds: { runningMs: 6_000 },
});
