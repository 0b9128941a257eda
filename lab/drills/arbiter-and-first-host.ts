import { drill } from '../drill/drill.ts';

export default drill({
  about: 'Two hosts and an arbiter, the first host loses its power: the second and the arbiter are a majority.',
  layout: 'pair',
  fault: (rig) => rig.fault('power-loss', 'h1'),
  restarted: { g1: ['h2'], g2: ['h2'], g3: ['h2'] },
  untouched: ['g4'],
});
