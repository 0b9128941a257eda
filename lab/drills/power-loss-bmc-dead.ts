import { drill } from '../drill/drill.ts';

export default drill({
  about:
    'A host loses its power and its BMC with it. Its lease runs out, which is the proof; its guests start on the others.',
  fault: async (rig) => {
    await rig.fault('bmc-dead', 'h1');
    return rig.fault('power-loss', 'h1');
  },
  restarted: { g1: ['h2', 'h3'], g2: ['h2', 'h3'], g3: ['h2', 'h3'] },
  untouched: ['g4'],
  bounds: { runningMs: 6_000 },
});
