import { drill } from '../drill/drill.ts';

export default drill({
  about:
    'The QEMU of a guest stops where it is, and inside another all but the kernel does: both are found, ended and started again.',
  fault: async (rig) => {
    const at = await rig.fault('hang', 'g1');
    await rig.fault('hang', 'g2', 'inside');
    return at;
  },
  restarted: { g1: ['h1'], g2: ['h1'] },
  untouched: ['g3', 'g4'],
  withinMs: 60_000,
});
