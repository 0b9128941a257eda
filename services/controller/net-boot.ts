import { fallThrough } from '../../machines/fall-through.ts';
import type { Fleet } from '../../machines/fleet.ts';
import type { ArmedMachine, Bus, NetBoot } from '../ports.ts';
import { addresses } from '../protocol.ts';
import type { BootSeen } from '../provisioning.ts';
import type { Replica } from './replica.ts';

/** A leader writes an entry before it answers. A machine asks more than once, so what is lost is told again. */
const TELL_MS = 5_000;

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

/**
 * Keeps what this node answers on the provisioning network as the log has it, and tells the leader of a machine whose start
 * from its disk has failed. Every node does, leader or not. Returns its end.
 */
export function followNetBoot(
  node: string,
  replica: Pick<Replica, 'fleet' | 'onEntry'>,
  netBoot: NetBoot,
  bus: Pick<Bus, 'request'>,
): () => void {
  let armed: string | null = null;
  const look = () => {
    const machines = machinesToArm(replica.fleet());
    const now = JSON.stringify(machines);
    if (now === armed) return;
    armed = now;
    netBoot.arm(machines);
  };
  /** MACs of the cluster file, each told once at a time however often it asks. */
  const telling = new Set<string>();
  const ignored = (mac: string) => {
    const seen = telling.has(mac) ? null : fallThrough(replica.fleet(), mac, node);
    if (seen === null) return;
    telling.add(mac);
    const message: BootSeen = { kind: 'boot-seen', from: node, mac, armedSeq: seen.data.armedSeq };
    bus
      .request(addresses.provision(node), message, TELL_MS)
      .catch(() => {})
      .finally(() => telling.delete(mac));
  };
  look();
  const ends = [replica.onEntry(look), netBoot.onIgnored(ignored)];
  return () => {
    for (const end of ends) end();
    netBoot.arm([]);
  };
}
