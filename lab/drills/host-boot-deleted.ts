import { drill } from '../drill/drill.ts';
import type { Rig } from '../drill/rig.ts';

const MACHINE = 'b1';
/** With everything in it: a start from the disk that is waited for, an installation, two boots without KVM. */
const WITHIN_MS = 600_000;

export default drill({
  about:
    'A bare machine loses its power, and all that was in its /boot. Its guest starts elsewhere; it is installed over the network, tested, and carries guests again, its data disk untouched.',
  layout: 'metal',
  machine: MACHINE,
  fault: async (rig) => {
    before = await rig.machine(MACHINE);
    return rig.fault('boot-deleted', MACHINE);
  },
  untouched: ['g1', 'g2', 'g3', 'g4'],
  afterwards: async (rig, faultMs) => {
    let from = 1;
    await rig.check('the machine is installed anew, tested, and in service', WITHIN_MS, async () => {
      const host = (await rig.status()).hosts.find(({ name }) => name === MACHINE);
      // Just after the fault nobody has noticed yet: it counts once it was tested since.
      const log = await rig.log(from);
      const tested = log.some(
        ({ entry }) =>
          entry.type === 'qualify.succeeded' && entry.subject === `host/${MACHINE}` && Date.parse(entry.time) > faultMs,
      );
      if (tested && host?.state === 'running') return true;
      if (!tested) from = log.at(-1)?.seq ?? from;
      return `${MACHINE} is ${host?.state}: ${host?.why}`;
    });
    await rig.check('the guest that waits for it runs on it', 60_000, () => runs(rig));
    const after = await rig.machine(MACHINE);
    rig.note('its data disk is what it was', after.dataHash === before?.dataHash ? [] : ['its hash has changed']);
    const restarted = after.guests.filter(({ boots }, index) => boots !== (before?.guests[index]?.boots ?? 0) + 1);
    rig.note(
      'each of its guests was started once, by what they count on their disks',
      restarted.map(({ name, boots }) => `${name} has started ${boots} times`),
    );
  },
});

let before: Awaited<ReturnType<Rig['machine']>> | undefined;

async function runs(rig: Rig): Promise<true | string> {
  const { guests } = await rig.status();
  const guest = guests.find(({ name }) => name === 'g6');
  if (guest?.state !== 'running' || guest.host !== MACHINE)
    return `g6 is ${guest?.state} on ${guest?.host}: ${guest?.why}`;
  const beats = async () => (await rig.machine(MACHINE)).guests.find(({ name }) => name === 'g6')?.beats ?? 0;
  const first = await beats();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  return (await beats()) > first ? true : 'g6 does not write';
}
