import { drill } from '../drill/drill.ts';
import { until } from '../exec.ts';

const SPARE = 'h4';
const WITHIN_MS = 60_000;

export default drill({
  about:
    'A spare host is emptied, switched off and given back. Then a host is lost for good, and one of its guests finds no room: the spare is switched on for it, and for nothing before.',
  layout: 'spare',
  fault: async (rig) => {
    const spareIs = (what: string, holds: (host: { state: string; why: string }) => boolean) =>
      until(what, WITHIN_MS, async () => {
        const host = (await rig.status()).hosts.find(({ name }) => name === SPARE);
        return host && holds(host) ? true : undefined;
      });
    await rig.order({ kind: 'maintenance', host: SPARE, on: true });
    await spareIs('the spare to be in maintenance', ({ state }) => state === 'maintenance');
    await rig.fault('power-loss', SPARE);
    await spareIs('the spare to be proven stopped', ({ why }) => why.includes('proven stopped'));
    await rig.order({ kind: 'maintenance', host: SPARE, on: false });
    await spareIs('the spare to be given back', ({ state }) => state === 'spare');
    await rig.fault('bmc-dead', 'h1');
    return rig.fault('power-loss', 'h1');
  },
  restarted: { g1: ['h2', 'h3', SPARE], g2: ['h2', 'h3', SPARE], g3: ['h2', 'h3', SPARE] },
  untouched: ['g4'],
  withinMs: WITHIN_MS,
  afterwards: async (rig, faultMs) => {
    const called = (await rig.log(1)).filter(({ entry }) => entry.type === 'spare.called');
    const guests = called.flatMap(({ entry }) => (entry.type === 'spare.called' ? entry.data.guests : []));
    rig.note(
      'the spare was called once, for the one guest that had no room',
      called.length === 1 && guests.length === 1 && Date.parse(called[0]!.entry.time) > faultMs
        ? []
        : [`called ${called.length} times, for ${guests.join(', ') || 'nobody'}`],
    );
  },
});
