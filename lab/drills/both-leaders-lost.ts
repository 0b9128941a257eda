import { drill } from '../drill/drill.ts';

export default drill({
  about: 'The host that leads both the stream and the controllers loses its power.',
  leads: { stream: 'h1', controller: 'h1' },
  fault: (rig) => rig.fault('power-loss', 'h1'),
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'] },
  untouched: ['g4'],
  bounds: { runningMs: 12_000 },
});
