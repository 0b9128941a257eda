import { type ReinstallStep, reinstallSteps } from '../drill/reinstall.ts';
import { reinstalled } from '../drill/reinstalled.ts';
import type { Rig } from '../drill/rig.ts';

const MACHINE = 'b1';
/** The leader is killed as each of these has happened, so that another leads what comes next; `committed`: it writes. */
const STEPS = [
  'proven',
  'armed',
  'loader',
  'installer',
  'committed',
  'sealed',
  'left',
  'enrolled',
  'registered',
] as const;
const STEP_MS = 300_000;
const LEADER_MS = 30_000;

export default reinstalled({
  about:
    'A bare machine is installed anew while the leading controller is killed in each phase, as it boots, writes, enrols and is tested. Each next leader goes on where the last one was.',
  damage: ['boot-deleted'],
  meanwhile: async (rig, faultMs) => {
    for (const step of STEPS) {
      await rig.check(`the leader is killed after: ${step}`, STEP_MS, () => reached(rig, step, faultMs));
      const { epoch, roles } = await rig.status();
      if (roles.leader === null) continue;
      await rig.fault('kill-daemon', roles.leader);
      await rig.check(`another leads, in a later epoch than ${roles.leader} did`, LEADER_MS, async () => {
        const now = await rig.status();
        return (now.epoch > epoch && now.roles.leader !== null) || `${now.roles.leader ?? 'nobody'} leads`;
      });
    }
  },
});

async function reached(rig: Rig, step: ReinstallStep, faultMs: number): Promise<true | string> {
  return reinstallSteps(await rig.log(1), MACHINE, faultMs)[step] !== null || 'not yet';
}
