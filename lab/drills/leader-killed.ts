import { drill } from '../drill/drill.ts';

export default drill({
  about:
    "The leading controller's process is killed together with the QEMU of a guest elsewhere: the next leader decides about it.",
  leads: { stream: 'h2', controller: 'h3' },
  fault: async (rig) => {
    const at = await rig.fault('kill-daemon', 'h3');
    await rig.fault('kill-qemu', 'g1');
    return at;
  },
  restarted: { g1: ['h1'] },
  untouched: ['g2', 'g3', 'g4'],
  bounds: { decidedMs: 2_500 },
});
