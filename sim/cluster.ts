/** A whole cluster in one process: the very services of the daemon, on invented ports. */
import { createHash } from 'node:crypto';
import type { ClusterSpec } from '../machines/spec.ts';
import { type Agent, startAgent } from '../services/agent/agent.ts';
import { type Controller, startController } from '../services/controller/controller.ts';
import type { AgentMemory, Journal, PowerSwitch, Say, Signer, VoterRegisters } from '../services/ports.ts';
import { serveVoter } from '../services/voter/voter.ts';
import { createHypervisor, type SimHypervisor } from './hypervisor.ts';
import { createStream, type Stream } from './log.ts';
import { createJournal, createMemory, createRegisters } from './memory.ts';
import { createNetwork, type Network } from './network.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';

export interface SimNode {
  readonly name: string;
  readonly hypervisor: SimHypervisor;
  controller(): Controller | null;
  agent(): Agent | null;
  powered(): boolean;
  powerOff(): void;
  powerOn(): Promise<void>;
  /** Moment (virtual) until which the watchdog of this node may be petted. */
  pettedUntilMs(): number;
}

export interface SimCluster {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly stream: Stream;
  readonly nodes: Readonly<Record<string, SimNode>>;
  /** False: the BMC of this host does not answer. */
  setBmc(host: string, alive: boolean): void;
  leader(): SimNode | null;
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const signerOf = (node: string): Signer => ({ publicKey: node, sign: (text) => digest(`${node} ${text}`) });

export async function createCluster(spec: ClusterSpec, say: (node: string) => Say): Promise<SimCluster> {
  const scheduler = createScheduler();
  const names = [...Object.keys(spec.hosts), ...Object.keys(spec.arbiters)].sort();
  const network = createNetwork(scheduler, names);
  const keys = Object.fromEntries(names.map((name) => [name, name]));
  const nodes: Record<string, SimNode> = {};
  const deadBmcs = new Set<string>();
  const powered = (name: string) => nodes[name]?.powered() ?? false;
  const stream = createStream(
    scheduler,
    (name) => powered(name) && spec.voters.filter(powered).length > spec.voters.length / 2,
  );
  const delay = (ms: number) => new Promise<void>((resolve) => scheduler.at(scheduler.now() + ms, resolve));

  const switchOf = (host: string): PowerSwitch => ({
    method: `bmc ${host}`,
    readingsApartMs: 100,
    async off() {
      await delay(90);
      if (deadBmcs.has(host)) return { kind: 'unknown', reason: 'no answer' };
      nodes[host]!.powerOff();
      return { kind: 'succeeded', detail: 'off' };
    },
    async on() {
      await delay(90);
      if (deadBmcs.has(host)) return { kind: 'unknown', reason: 'no answer' };
      await nodes[host]!.powerOn();
      return { kind: 'succeeded', detail: 'on' };
    },
    async status() {
      await delay(50);
      return deadBmcs.has(host) ? 'unknown' : powered(host) ? 'on' : 'off';
    },
  });

  for (const name of names) nodes[name] = createNode(name);
  for (const name of names) await nodes[name]!.powerOn();

  function createNode(name: string): SimNode {
    const registers: VoterRegisters = createRegisters();
    const memory: AgentMemory = createMemory();
    const journal: Journal = createJournal();
    const hypervisor = createHypervisor(scheduler);
    let boots = 0;
    let on = false;
    let untilMs = 0;
    let controller: Controller | null = null;
    let agent: Agent | null = null;
    let voterEnd = () => {};
    // What is left running in this process of a life that lost its power writes to no disk any more.
    const journalOf = (boot: number): Journal => ({
      ...journal,
      add: (entries) => void (boot === boots && on && journal.add(entries)),
      setCheckpoint: (checkpoint) => void (boot === boots && on && journal.setCheckpoint(checkpoint)),
    });
    // A node without power sees no time pass: its callbacks are dropped.
    const clockOf = (boot: number) => {
      const clock = scheduler.clock();
      return {
        ...clock,
        after: (ms: number, callback: () => void) => clock.after(ms, () => boot === boots && on && callback()),
      };
    };

    return {
      name,
      hypervisor,
      controller: () => controller,
      agent: () => agent,
      powered: () => on,
      pettedUntilMs: () => untilMs,
      powerOff() {
        if (!on) return;
        on = false;
        boots += 1;
        hypervisor.powerLoss();
        network.drop(name);
        void controller?.stop();
        void agent?.stop();
        voterEnd();
        controller = null;
        agent = null;
      },
      async powerOn() {
        if (on) return;
        on = true;
        const clock = clockOf(boots);
        const bus = network.bus(name);
        const ports = { clock, bus, say: say(name) };
        if (spec.voters.includes(name)) {
          voterEnd = serveVoter(
            { node: name, hosts: Object.keys(spec.hosts), times: spec.times },
            { ...ports, registers, signer: signerOf(name) },
          );
        }
        controller = await startController(
          { node: name, spec, digest: 'sim', keys },
          {
            ...ports,
            log: stream.log(name),
            journal: journalOf(boots),
            verify: (key, text, signature) => digest(`${key} ${text}`) === signature,
            switches: (host) => [switchOf(host)],
            greets: async () => false,
          },
        );
        if (!spec.hosts[name]) return;
        agent = startAgent(
          { host: name, spec, journalHead: () => journal.head() },
          {
            ...ports,
            machine: { bootId: () => `${name}-${boots}` },
            memory,
            hypervisor,
            guard: { allow() {}, revoke() {}, setLeaseEnd() {} },
            petter: {
              setUntil(ms) {
                untilMs = ms;
              },
              armed: () => ({ timeoutMs: spec.times.watchdogMs, what: 'simulated' }),
            },
            probe: { tcp: async () => true, http: async () => true },
          },
        );
      },
    };
  }

  return {
    scheduler,
    network,
    stream,
    nodes,
    setBmc: (host, alive) => void (alive ? deadBmcs.delete(host) : deadBmcs.add(host)),
    leader: () => Object.values(nodes).find((node) => node.controller()?.leading()) ?? null,
  };
}
