/**
 * Fence agents whose "off" is no proof that a host cannot write any more. R2 needs a reading of the power itself
 * (docs/safety.md, A4).
 */
const HYPERVISOR = 'it asks a hypervisor, and some of those say off while the machine still runs';
const NOT_POWER = 'it does not switch power';

const NO_PROOF: Readonly<Record<string, string>> = {
  ...named(HYPERVISOR, 'virsh virt virtd xvm vbox pve rhevm xenapi kubevirt docker ldom lpar zvm zvmip ovh'),
  ...named(HYPERVISOR, 'vmware vmware_rest vmware_soap vmware_vcloud vmware_helper openstack evacuate compute ironic'),
  ...named(NOT_POWER, 'scsi mpath sbd brocade cisco_mds sanbox2 ifmib hds_cb kdump heuristics_ping'),
  fence_ack_manual: 'it takes a word for it; use "rekindle confirm-off", which signs that word',
  fence_dummy: 'it is a toy for tests and switches nothing',
};

function named(reason: string, agents: string): Record<string, string> {
  return Object.fromEntries(agents.split(' ').map((agent) => [`fence_${agent}`, reason]));
}

/** Why this agent's word does not count; null when it does. */
export function noProof(agent: string): string | null {
  return Object.hasOwn(NO_PROOF, agent) ? NO_PROOF[agent]! : null;
}
