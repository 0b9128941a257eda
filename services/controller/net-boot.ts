import type { Fleet } from '../../machines/fleet.ts';
import type { ArmedMachine, NetBoot } from '../ports.ts';
import type { Replica } from './replica.ts';

/** Machines that are to boot from the network in this state, and have not shown their ticket yet. */
export function machinesToArm({ jobs, spec }: Pick<Fleet, 'jobs' | 'spec'>): ArmedMachine[] {
  return Object.keys(jobs)
    .sort()
    .flatMap((host) => {
      const macs = spec?.hosts[host]?.machine?.macs;
      const waits = jobs[host]!.state === 'armed' || jobs[host]!.state === 'powered';
      return waits && macs ? [{ host, macs }] : [];
    });
}

/** Keeps what this node answers on the provisioning network as the log has it. Every node does, leader or not. Returns its end. */
export function followNetBoot(replica: Pick<Replica, 'fleet' | 'onEntry'>, netBoot: NetBoot): () => void {
  let armed: string | null = null;
  const look = () => {
    const machines = machinesToArm(replica.fleet());
    const now = JSON.stringify(machines);
    if (now === armed) return;
    armed = now;
    netBoot.arm(machines);
  };
  look();
  const end = replica.onEntry(look);
  return () => {
    end();
    netBoot.arm([]);
  };
}
