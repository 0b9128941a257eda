import { drill } from '../drill/drill.ts';
import { until } from '../exec.ts';

export default drill({
  about:
    'A guest is moving alive to a host that is cut off in the middle: it stays where it was, unharmed; the target is recovered.',
  leads: { stream: 'h3', controller: 'h3' },
  fault: async (rig) => {
    // Slow enough for a middle.
    await rig.fault('slow', 'h2', '8');
    await rig.order({ kind: 'migrate', guest: 'g1', to: 'h2' });
    await until('both ends of the migration', 20_000, async () => {
      const guest = (await rig.lab()).guests.find(({ name }) => name === 'g1');
      return guest?.on.length === 2 ? true : undefined;
    });
    return rig.fault('cut', 'h2');
  },
  restarted: { g4: ['h1', 'h3'] },
  untouched: ['g1', 'g2', 'g3'],
  afterwards: (rig) =>
    rig.check('the guest is known to run where it was', 60_000, async () => {
      const guest = (await rig.status()).guests.find(({ name }) => name === 'g1');
      return guest?.state === 'running' && guest.host === 'h1' ? true : `g1 is ${guest?.state} on ${guest?.host}`;
    }),
});
