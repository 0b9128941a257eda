/** Carries out faults, and ends those that end by themselves. */
import type { Order } from '../services/protocol.ts';
import type { Bmc } from './bmc.ts';
import type { Fault } from './faults.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import type { WorldEvent } from './simulation.ts';
import type { Stream } from './stream.ts';
import type { WorldNode } from './world-node.ts';

export interface Injectable {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly stream: Stream;
  readonly nodes: Readonly<Record<string, WorldNode>>;
  readonly bmcs: Readonly<Record<string, Bmc>>;
  readonly emit: (event: WorldEvent) => void;
  /** Of each guest, how many further starts end in a crash. */
  readonly crashes: Map<string, number>;
  readonly order: (order: Order, at?: string) => Promise<string>;
}

export function createInjector(world: Injectable): (fault: Fault) => void {
  const { scheduler, network, stream, bmcs, emit } = world;
  const nodeOf = (name: string): WorldNode => {
    const node = world.nodes[name];
    if (!node) throw new Error(`no node "${name}"; there are ${Object.keys(world.nodes).join(', ')}`);
    return node;
  };
  const everyNode = () => Object.values(world.nodes);
  const withGuest = (guest: string) => everyNode().filter(({ domains }) => domains.get(guest));

  /** Breaks it; returns how it ends. */
  const begin = (fault: Fault): (() => void) => {
    switch (fault.kind) {
      case 'power-loss':
        nodeOf(fault.node).powerOff('no power');
        return () => nodeOf(fault.node).powerOn('power is back');
      case 'power-on':
        nodeOf(fault.node).powerOn('switched on');
        break;
      case 'kernel-panic':
        nodeOf(fault.node).powerOff('kernel panic', true);
        break;
      case 'freeze':
        nodeOf(fault.node).freeze(true);
        return () => nodeOf(fault.node).freeze(false);
      case 'kill-daemon':
        nodeOf(fault.node).killDaemon();
        break;
      case 'pause-daemon':
        nodeOf(fault.node).pauseDaemon(true);
        return () => nodeOf(fault.node).pauseDaemon(false);
      case 'slow-disk':
        nodeOf(fault.node).setWriteMs(fault.writeMs);
        return () => nodeOf(fault.node).setWriteMs(0);
      case 'kill-petter':
        nodeOf(fault.node).watchdog.killPetter();
        break;
      case 'libvirt':
        nodeOf(fault.node).setLibvirt(fault.mode);
        return () => nodeOf(fault.node).setLibvirt('well');
      case 'kill-guest':
        for (const { domains } of withGuest(fault.guest)) domains.end(fault.guest, 'died');
        break;
      case 'guest-panic':
        for (const { domains } of withGuest(fault.guest)) domains.end(fault.guest, 'panicked');
        break;
      case 'guest-hang': {
        const hung = withGuest(fault.guest).map(({ domains }) => domains.get(fault.guest)!);
        for (const domain of hung) domain.hung = true;
        return () => {
          for (const domain of hung) domain.hung = false;
        };
      }
      case 'crash-loop':
        world.crashes.set(fault.guest, fault.times);
        for (const { domains } of withGuest(fault.guest)) domains.end(fault.guest, 'panicked');
        break;
      case 'starts':
        nodeOf(fault.node).trouble.starts = fault.mode;
        return () => {
          nodeOf(fault.node).trouble.starts = 'well';
        };
      case 'stuck-guests':
        nodeOf(fault.node).trouble.stuckGuests = true;
        return () => {
          nodeOf(fault.node).trouble.stuckGuests = false;
        };
      case 'storage-loss':
        nodeOf(fault.node).setStorage(false);
        return () => nodeOf(fault.node).setStorage(true);
      case 'isolate':
        network.isolate(nodeOf(fault.node).name);
        return () => network.rejoin(fault.node);
      case 'rejoin':
        network.rejoin(nodeOf(fault.node).name);
        break;
      case 'cut':
        network.cut(nodeOf(fault.from).name, nodeOf(fault.to).name);
        return () => network.heal(fault.from, fault.to);
      case 'heal':
        network.heal(nodeOf(fault.from).name, nodeOf(fault.to).name);
        break;
      case 'flap':
        return flap(nodeOf(fault.node).name, fault.periodMs);
      case 'control-network-down':
        for (const { name } of everyNode()) network.isolate(name);
        return () => {
          for (const { name } of everyNode()) network.rejoin(name);
        };
      case 'bad-network': {
        const { lossRatio, duplicateRatio, delayMs, jitterMs } = fault;
        const where = fault.node === undefined ? null : nodeOf(fault.node).name;
        network.setWeather(where, { lossRatio, duplicateRatio, delayMs, jitterMs });
        return () => network.setWeather(where, null);
      }
      case 'bmc':
        bmcs[nodeOf(fault.node).name]?.setMode(fault.mode);
        return () => bmcs[fault.node]?.setMode('alive');
      case 'disk-ruined':
        nodeOf(fault.node).machine.troubles.ruined = true;
        break;
      case 'network-first':
        nodeOf(fault.node).machine.troubles.networkFirst = true;
        break;
      case 'disk-exchanged':
        Object.assign(nodeOf(fault.node).machine.troubles, { ruined: true, serial: `not-of-${fault.node}` });
        break;
      case 'installer-hangs':
        nodeOf(fault.node).machine.troubles.hangs = fault.times;
        break;
      case 'pxe-ignored':
        nodeOf(fault.node).machine.troubles.ignoresNetwork = fault.times;
        break;
      case 'ticket-stolen':
        nodeOf(fault.node).machine.troubles.stolen = true;
        break;
      case 'mac-forged':
        nodeOf(fault.node).machine.troubles.forged = true;
        break;
      case 'join': {
        const { name, machine } = nodeOf(fault.node);
        const jobs = everyNode().map((node) => node.controller()?.fleet().jobs[name]);
        const { job, attempt } = jobs.find((one) => one?.state === 'offered')?.context ?? { job: 'none', attempt: 1 };
        machine.join({ job, attempt });
        break;
      }
      case 'image-server-down':
        nodeOf(fault.node).setImages(false);
        return () => nodeOf(fault.node).setImages(true);
      case 'server-down':
        network.setServer(nodeOf(fault.node).name, false);
        return () => network.setServer(fault.node, true);
      case 'log-stall':
        stream.stall(fault.forMs);
        break;
      case 'log-rollback':
        stream.rollback(fault.entries);
        break;
      case 'lost-acks':
        stream.setLostAcks(fault.ratio);
        return () => stream.setLostAcks(0);
      case 'stale-reads':
        stream.setStaleReads(fault.lagMs);
        return () => stream.setStaleReads(0);
      case 'clock-drift':
        nodeOf(fault.node).clock.setDrift(fault.ratio);
        break;
      case 'clock-step':
        nodeOf(fault.node).clock.stepWall(fault.byMs);
        break;
      case 'order':
        void world.order(fault.order, fault.at);
        break;
    }
    return () => {};
  };

  const flap = (node: string, periodMs: number): (() => void) => {
    let out = false;
    let ended = false;
    const turn = () => {
      if (ended) return;
      out = !out;
      if (out) network.isolate(node);
      else network.rejoin(node);
      scheduler.at(scheduler.now() + periodMs, turn);
    };
    turn();
    return () => {
      ended = true;
      if (out) network.rejoin(node);
    };
  };

  return (fault) => {
    emit({ kind: 'fault', atMs: scheduler.now(), fault });
    const end = begin(fault);
    const forMs = 'forMs' in fault ? fault.forMs : undefined;
    if (forMs === undefined) return;
    scheduler.at(scheduler.now() + forMs, () => {
      end();
      emit({ kind: 'fault-ended', atMs: scheduler.now(), fault });
    });
  };
}
