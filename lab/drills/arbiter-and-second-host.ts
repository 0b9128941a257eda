import { drill } from '../drill/drill.ts';

export default drill({
  about: 'Two hosts and an arbiter, the second host, which leads, loses its power.',
  layout: 'pair',
  leads: { stream: 'a1', controller: 'h2' },
  fault: (rig) => rig.fault('power-loss', 'h2'),
  restarted: { g4: ['h1'] },
  untouched: ['g1', 'g2', 'g3'],
});
