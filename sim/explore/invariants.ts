/** All invariants of one run, checked against the world as it is. docs/explore.md has the list. */
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Simulation, WorldEvent } from '../simulation.ts';
import { watchCauses } from './invariants/causes.ts';
import { watchCommands } from './invariants/commands.ts';
import { watchDisks } from './invariants/disks.ts';
import { watchEpochs } from './invariants/epochs.ts';
import { watchFencing } from './invariants/fencing.ts';
import { watchFold } from './invariants/fold.ts';
import { watchGrants } from './invariants/grants.ts';
import type { Invariant, Scene } from './invariants/invariant.ts';
import { watchLeases } from './invariants/lease.ts';
import { watchPlacement } from './invariants/placement.ts';
import { watchPromises } from './invariants/promises.ts';
import { watchReplicas } from './invariants/replicas.ts';
import { watchTests } from './invariants/tested.ts';
import { watchWriters } from './invariants/writers.ts';
import { tell } from './tell.ts';

export interface Violation {
  readonly invariant: number;
  readonly atMs: number;
  readonly what: string;
  /** What happened last, oldest first. */
  readonly recent: readonly string[];
}

export interface Watch {
  readonly violations: readonly Violation[];
  /** To be called between events, often; checks what must hold at regular moments. */
  look(): void;
  /** The last look. */
  end(): void;
}

const LOOK_EVERY_MS = 50;
const RECENT = 40;
/** One mistake shows many times; the first few tell it all. */
const VIOLATIONS_AT_MOST = 10;

export function watchInvariants(spec: ClusterSpec, simulation: Simulation): Watch {
  const hosts = Object.keys(spec.hosts);
  const writers = new Map(hosts.map((host) => [host, new Set<string>()]));
  const recent: WorldEvent[] = [];
  const violations: Violation[] = [];
  let nextMs = 0;

  const scene: Scene = {
    spec,
    simulation,
    hosts,
    writersOn: (host) => writers.get(host)!,
    violated(invariant, what) {
      if (violations.length >= VIOLATIONS_AT_MOST || violations.some((known) => known.what === what)) return;
      violations.push({ invariant, atMs: simulation.now(), what, recent: recent.map(tell) });
    },
  };
  const invariants: Invariant[] = [
    watchWriters(scene),
    watchGrants(scene),
    watchLeases(scene),
    watchEpochs(scene),
    watchPromises(scene),
    watchReplicas(scene),
    watchFencing(scene),
    watchDisks(scene),
    watchTests(scene),
    watchPlacement(scene),
    watchCauses(scene),
    watchFold(scene),
    watchCommands(scene),
  ];

  simulation.observe((event) => {
    if (event.kind === 'writer') {
      if (event.on) writers.get(event.host)!.add(event.guest);
      else writers.get(event.host)!.delete(event.guest);
    }
    if (event.kind !== 'pet') {
      recent.push(event);
      if (recent.length > RECENT) recent.shift();
    }
    for (const invariant of invariants) invariant.event?.(event);
  });

  return {
    violations,
    look() {
      const nowMs = simulation.now();
      if (nowMs < nextMs) return;
      nextMs = nowMs + LOOK_EVERY_MS;
      for (const invariant of invariants) invariant.tick?.(nowMs);
    },
    end() {
      for (const invariant of invariants) invariant.end?.();
    },
  };
}
