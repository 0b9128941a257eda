import { drill } from '../drill/drill.ts';

export default drill({
  about:
    'The host whose nats-server leads the stream loses its power: no entry can be written until a new one is elected.',
  leads: { stream: 'h1', controller: 'h2' },
  fault: (rig) => rig.fault('power-loss', 'h1'),
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'] },
  untouched: ['g4'],
  bounds: { runningMs: 12_000 },
});
