import { drill } from '../drill/drill.ts';

export default drill({
  about: 'The QEMU of a guest is killed: it starts again on the same host.',
  fault: (rig) => rig.fault('kill-qemu', 'g1'),
  restarted: { g1: ['h1'] },
  untouched: ['g2', 'g3', 'g4'],
  bounds: { runningMs: 500 },
});
