import { drill } from '../drill/drill.ts';

export default drill({
  about:
    'A guest panics a second after every start: restarted in place, moved to another host, and then given up with the reason.',
  fault: (rig) => rig.fault('crash-loop', 'g1'),
  untouched: ['g2', 'g3', 'g4'],
  afterwards: async (rig, faultMs) => {
    await rig.check('the guest is given up', 90_000, async () => {
      const guest = (await rig.status()).guests.find(({ name }) => name === 'g1');
      return guest?.state === 'failed' ? true : `g1 is ${guest?.state}: ${guest?.why}`;
    });
    const started = (await rig.log(1)).flatMap(({ entry }) =>
      entry.type === 'start.succeeded' && entry.subject === 'guest/g1' && Date.parse(entry.time) > faultMs
        ? [entry.data.host]
        : [],
    );
    rig.note(
      'it was tried again in place first',
      started[0] === 'h1' ? [] : [`starts: ${started.join(', ') || 'none'}`],
    );
    rig.note(
      'and then elsewhere',
      started.some((host) => host !== 'h1') ? [] : [`starts: ${started.join(', ') || 'none'}`],
    );
    const guest = (await rig.status()).guests.find(({ name }) => name === 'g1');
    rig.note('it says why', guest?.why ? [] : ['no reason is given']);
  },
});
