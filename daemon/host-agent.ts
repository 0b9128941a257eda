/** The agent of a host with everything only a host has: libvirt and its hook, watchdog, grants. */
import { join } from 'node:path';
import type { TlsFiles } from '../adapters/keys/load.ts';
import { installHook } from '../adapters/libvirt/hook.ts';
import { createLibvirt } from '../adapters/libvirt/hypervisor.ts';
import { tlsPeers } from '../adapters/libvirt/peers.ts';
import { createQualification } from '../adapters/libvirt/qualification.ts';
import { createStartGuard } from '../adapters/libvirt/start-guard.ts';
import { waysFrom } from '../adapters/nats/ways.ts';
import { serviceProbe } from '../adapters/probe/service-probe.ts';
import { openAgentMemory } from '../adapters/sqlite/agent-memory.ts';
import { openPetter } from '../adapters/watchdog/client.ts';
import type { ClusterSpec } from '../machines/spec.ts';
import { type Agent, type AgentPorts, startAgent } from '../services/agent/agent.ts';
import { createQualify } from '../services/agent/qualify.ts';
import type { Journal, Machine } from '../services/ports.ts';
import type { RolePorts } from './node.ts';
import type { NodeOptions } from './options.ts';

const STAND_DOWN_MS = 5_000;

export interface HostAgent {
  readonly agent: Agent;
  /** Before this node is shut down for good: no lease will be renewed, so with no guest left the watchdog is told so. */
  standDown(): Promise<void>;
  stop(): Promise<void>;
}

export async function startHostAgent(
  options: NodeOptions,
  spec: ClusterSpec,
  journal: Journal,
  machine: Machine,
  tls: TlsFiles,
  ports: RolePorts & Pick<AgentPorts, 'foreignBoot'>,
): Promise<HostAgent> {
  const { node, run, state } = options;
  const { say } = ports;
  const memory = openAgentMemory(join(state, 'agent.sqlite'));
  const guard = createStartGuard({ runDir: run, guests: Object.keys(spec.guests) });
  const petter = openPetter({ runDir: run, watchdog: spec.hosts[node]!.watchdog, times: spec.times }, say);
  const hypervisor = createLibvirt({
    uri: options.libvirtUri,
    runDir: run,
    peer:
      options.libvirtTransport === 'tls'
        ? tlsPeers(tls, run)
        : (address) => `qemu+${options.libvirtTransport}://${address}/system`,
    repairCommand: options.libvirtRestart.split(/\s+/).filter(Boolean) as [string, ...string[]],
  });
  if (installHook({ hooksDir: options.libvirtHooks, runDir: run })) {
    const restarted = await hypervisor.repair();
    if (restarted.kind !== 'succeeded')
      say.error('libvirt was not restarted; until it is, it does not see the hook', { reason: restarted.reason });
  }
  const ways = () => waysFrom(node, spec);
  const qualification = createQualification({ uri: options.libvirtUri, hypervisor, ways });
  const qualify = createQualify(node, spec, { ...ports, guard, qualification });
  const agent = startAgent(
    { host: node, spec, journalHead: () => journal.head() },
    { ...ports, machine, memory, hypervisor, guard, petter, probe: serviceProbe, qualify },
  );
  return {
    agent,
    async standDown() {
      const left = await agent.instances().catch(() => null);
      if (left?.length !== 0)
        say.warn('guests are left running without a lease: the watchdog will reset this host', {
          guests: left?.map(({ guest }) => guest),
        });
      else if (!(await petter.standDown(STAND_DOWN_MS))) say.warn('the watchdog was not stood down');
    },
    async stop() {
      await agent.stop();
      qualification.close();
      hypervisor.close();
      petter.close();
      memory.close();
    },
  };
}
