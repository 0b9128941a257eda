import { drill } from '../drill/drill.ts';

export default drill({
  about: 'A host loses its power. Its BMC proves it off; its three guests start on the others.',
  fault: (rig) => rig.fault('power-loss', 'h1'),
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'] },
  untouched: ['g4'],
  bounds: { runningMs: 2_500 },
});
