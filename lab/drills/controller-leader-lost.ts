import { drill } from '../drill/drill.ts';

export default drill({
  about:
    'The host whose controller leads loses its power: another takes over and finishes what the first could not begin.',
  leads: { stream: 'h2', controller: 'h1' },
  fault: (rig) => rig.fault('power-loss', 'h1'),
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'] },
  untouched: ['g4'],
});
