/** What runs on this host and under which grants: the agent's answer to every question about the present. */
import type { Instance } from '../../machines/entries.ts';
import type { AgentMemory, HeldGrant, Hypervisor } from '../ports.ts';

export interface LocalView {
  grantOf(guest: string): HeldGrant | undefined;
  /** Guests of the cluster as libvirt and the kernel show them; other virtual machines are none of our business. */
  look(): Promise<readonly [readonly Instance[], readonly string[]]>;
  /** Everything that may be running, a start under way included. Rejects when libvirt does not answer. */
  instances(): Promise<Instance[]>;
  /** Both witnesses say so: libvirt knows no active domain, the kernel no QEMU. */
  isGone(guest: string): Promise<boolean>;
}

export function createLocalView(
  managed: (guest: string) => boolean,
  starting: () => readonly string[],
  { memory, hypervisor }: { memory: AgentMemory; hypervisor: Hypervisor },
): LocalView {
  const grantOf = (guest: string) => memory.grants().find((grant) => grant.guest === guest);

  const look = async (): Promise<readonly [readonly Instance[], readonly string[]]> => {
    const [listed, processes] = await Promise.all([hypervisor.list(), hypervisor.processes()]);
    return [listed.filter(({ guest }) => managed(guest)), processes.filter(managed)];
  };

  return {
    grantOf,
    look,
    async instances() {
      const [listed, processes] = await look();
      const seen = new Map<string, Instance>();
      const tokenOf = (guest: string) =>
        grantOf(guest)?.token ?? listed.find((one) => one.guest === guest)?.token ?? null;
      // A QEMU that libvirt has lost sight of can write all the same, and so can a start that has only just begun.
      for (const guest of processes) seen.set(guest, { guest, token: tokenOf(guest), state: 'running' });
      for (const { guest, state } of listed) seen.set(guest, { guest, token: tokenOf(guest), state });
      for (const guest of starting()) seen.set(guest, { guest, token: tokenOf(guest), state: 'starting' });
      return [...seen.values()];
    },
    isGone: async (guest) =>
      (await hypervisor.state(guest)) === 'gone' && !(await hypervisor.processes()).includes(guest),
  };
}
