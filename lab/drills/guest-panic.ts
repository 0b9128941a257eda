import { drill } from '../drill/drill.ts';

export default drill({
  about: "A guest's kernel panics: it starts again on the same host.",
  fault: (rig) => rig.fault('panic', 'g1'),
  restarted: { g1: ['h1'] },
  untouched: ['g2', 'g3', 'g4'],
});
