/** A whole cluster in one process and in virtual time: the very services of the daemon, on invented ports. */
import { apply } from '../machines/fold.ts';
import type { ClusterSpec } from '../machines/spec.ts';
import { addresses, leaderAnswerSchema } from '../services/protocol.ts';
import type { Bmc } from './bmc.ts';
import { foldOnce } from './fold-once.ts';
import { createInjector } from './inject.ts';
import { MODEL } from './model.ts';
import { createNetwork } from './network.ts';
import { createNode } from './node.ts';
import { createProcess } from './process.ts';
import { createRandom } from './random.ts';
import { createScheduler } from './scheduler.ts';
import { runningOn, settledPast } from './settled.ts';
import type { Model, Simulation, SimulationOptions, WorldEvent } from './simulation.ts';
import { createStream } from './stream.ts';
import { createSwitches, type Switches } from './switches.ts';
import type { WorldNode, WorldParts } from './world-node.ts';

/** Every node boots within this time of the beginning, so that the first moments are soon over. */
const FIRST_BOOT_MS: readonly [number, number] = [0, 500];
const ORDER_MS = 5_000;
const SILENT = { info() {}, warn() {}, error() {} };

export async function createSimulation(spec: ClusterSpec, options: SimulationOptions): Promise<Simulation> {
  const scheduler = createScheduler();
  const random = createRandom(options.seed);
  const model: Model = { ...MODEL, ...options.model };
  const names = [...Object.keys(spec.hosts), ...Object.keys(spec.arbiters)].sort();
  const listeners = new Set<(event: WorldEvent) => void>();
  const emit = (event: WorldEvent) => {
    for (const listener of listeners) listener(event);
  };

  const network = createNetwork(scheduler, random.fork('network'), names, spec.voters, model.hopMs);
  const past = options.settled ? settledPast(spec) : null;
  const stream = createStream(
    scheduler,
    random.fork('stream'),
    network,
    spec.voters,
    model,
    {
      stored: (stored) => emit({ kind: 'entry', atMs: scheduler.now(), stored }),
      rolledBack: (fromSeq) => emit({ kind: 'rollback', atMs: scheduler.now(), fromSeq }),
    },
    past?.entries,
  );

  const nodes: Record<string, WorldNode> = {};
  const bmcs: Record<string, Bmc> = {};
  const switches: Record<string, Switches> = {};
  const places = new Map<string, string>();
  for (const [name, host] of Object.entries(spec.hosts)) {
    places.set(host.address, name);
    if (host.migrationAddress) places.set(host.migrationAddress, name);
  }
  const parts: WorldParts = {
    spec,
    scheduler,
    random: random.fork('nodes'),
    model: { ...model, hostBootMs: FIRST_BOOT_MS },
    network,
    stream,
    keys: Object.fromEntries(names.map((name) => [name, name])),
    say: options.say ?? (() => SILENT),
    emit,
    switchesFor: (process) => (host) => switches[host]?.of(process) ?? [],
    nodes,
    nodeAt: (address) => nodes[places.get(address) ?? ''] ?? null,
    crashes: new Map(),
    journaled: [...(past?.entries ?? [])],
    checkpoint: past?.checkpoint ?? null,
    step: options.foldOnce ? foldOnce() : apply,
  };
  const settled = past && runningOn(past);
  for (const name of names) {
    // The first boot is quick; every later one takes as long as the model says.
    const timing = { ...parts.model };
    const node = createNode(name, { ...parts, model: timing });
    nodes[name] = node;
    const ways = createSwitches(name, spec.hosts[name]?.power ?? [], scheduler, random, model, {
      isOn: node.hasPower,
      netBoot: node.machine.bootFromNetwork,
      set: (on) => (on ? node.powerOn('power on by its BMC') : node.powerOff('power off by its BMC')),
    });
    if (ways) {
      switches[name] = ways;
      bmcs[name] = ways.first;
    }
    network.setUp(name, false);
    if (settled) node.settle(settled.get(name) ?? new Map());
    else if (!options.off?.includes(name)) node.powerOn('first boot');
    Object.assign(timing, { hostBootMs: model.hostBootMs });
  }

  const simulation: Simulation = {
    spec,
    nodes,
    now: scheduler.now,
    advance: (forMs, done) => scheduler.runUntil(scheduler.now() + forMs, done),
    inject: createInjector({
      scheduler,
      network,
      stream,
      nodes,
      bmcs,
      emit,
      crashes: parts.crashes,
      order: (order, at) => simulation.order(order, at),
    }),
    async order(order, at) {
      const asked = createProcess(scheduler);
      const node = at ?? names.find((name) => nodes[name]!.awake() && nodes[name]!.controller()) ?? names[0]!;
      try {
        const answer = leaderAnswerSchema.parse(
          await network.bus(node, asked).request(addresses.order(node), order, ORDER_MS),
        );
        return answer.kind === 'accepted' ? 'accepted' : answer.reason;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    entries: stream.entries,
    leader: () => Object.values(nodes).find((node) => node.awake() && node.controller()?.leading()) ?? null,
    writers: (guest) =>
      names.filter((name) => nodes[name]!.awake() && nodes[name]!.domains.get(guest)?.state === 'running'),
    observe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      for (const node of Object.values(nodes)) node.powerOff('the simulation ends');
      listeners.clear();
    },
  };
  return simulation;
}
