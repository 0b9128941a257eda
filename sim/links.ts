/** Who reaches whom: cables, nats-servers, and the two servers each node keeps connections to. */
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Weather {
  readonly lossRatio: number;
  readonly duplicateRatio: number;
  readonly delayMs: number;
  readonly jitterMs: number;
}

export interface Links {
  cut(from: string, to: string): void;
  heal(from: string, to: string): void;
  isolate(node: string): void;
  rejoin(node: string): void;
  /** Powered and running; a node that is not carries nothing. */
  setUp(node: string, up: boolean): void;
  setServer(node: string, up: boolean): void;
  /** On every hop from or to `node`, or everywhere. Null ends it. */
  setWeather(node: string | null, weather: Weather | null): void;
  travelMs(from: string, to: string): number | null;
  duplicates(from: string): boolean;
  /** Calls back when a node that reached no server reaches one again. */
  onReach(node: string, callback: () => void): () => void;
}

/** TCP's first retransmission comes this late, each further one twice as late (RFC 6298: at least 200 ms on Linux). */
const RETRANSMIT_MS = 200;
const RETRANSMISSIONS = 5;
const LOCAL_MS = 0.1;
/** A client notices its server's return, and connects, within about this. */
const RECONNECT_MS: readonly [number, number] = [50, 300];

export function createLinks(
  scheduler: Scheduler,
  random: Random,
  nodes: readonly string[],
  voters: readonly string[],
  hopMs: readonly [number, number],
  onChange: () => void,
): Links {
  const cuts = new Map<string, number>();
  const isolated = new Map<string, number>();
  const down = new Set<string>();
  const serversDown = new Map<string, number>();
  const weathers = new Map<string | null, Weather>();
  const listeners = new Map<string, Set<() => void>>();
  const reached = new Map<string, boolean>();

  const servers = new Map(
    nodes.map((node, i) => {
      const at = voters.indexOf(node);
      const first = at === -1 ? i % voters.length : at;
      return [node, [...new Set([voters[first]!, voters[(first + 1) % voters.length]!])]];
    }),
  );

  const open = (from: string, to: string) =>
    from === to ||
    (!down.has(from) && !down.has(to) && !isolated.has(from) && !isolated.has(to) && !cuts.has(`${from}>${to}`));
  const serves = (node: string) => !down.has(node) && !serversDown.has(node);
  /** A connection needs both directions. */
  const connected = (a: string, b: string) => open(a, b) && open(b, a);
  const reachesServer = (node: string) =>
    !down.has(node) && servers.get(node)!.some((server) => serves(server) && connected(node, server));

  /** Milliseconds for one hop; null when it is cut. */
  const hop = (from: string, to: string): number | null => {
    if (from === to) return LOCAL_MS;
    if (!open(from, to)) return null;
    let tookMs = random.between(hopMs);
    for (const [node, weather] of weathers) {
      if (node !== null && node !== from && node !== to) continue;
      tookMs += weather.delayMs + random.next() * weather.jitterMs;
      for (let tries = 0; tries < RETRANSMISSIONS && random.chance(weather.lossRatio); tries++)
        tookMs += RETRANSMIT_MS * 2 ** tries;
    }
    return tookMs;
  };

  const calm = () =>
    cuts.size === 0 && isolated.size === 0 && down.size === 0 && serversDown.size === 0 && weathers.size === 0;

  const changed = () => {
    onChange();
    for (const node of nodes) {
      const now = reachesServer(node);
      const before = reached.get(node) ?? true;
      reached.set(node, now);
      if (!now || before) continue;
      scheduler.at(scheduler.now() + random.between(RECONNECT_MS), () => {
        if (reachesServer(node)) for (const callback of listeners.get(node) ?? []) callback();
      });
    }
  };

  const count = (counts: Map<string, number>, key: string, by: 1 | -1) => {
    const next = (counts.get(key) ?? 0) + by;
    if (next > 0) counts.set(key, next);
    else counts.delete(key);
    changed();
  };

  return {
    cut: (from, to) => count(cuts, `${from}>${to}`, 1),
    heal: (from, to) => count(cuts, `${from}>${to}`, -1),
    isolate: (node) => count(isolated, node, 1),
    rejoin: (node) => count(isolated, node, -1),
    setUp(node, up) {
      if (up === !down.has(node)) return;
      if (up) down.delete(node);
      else down.add(node);
      changed();
    },
    setServer: (node, up) => count(serversDown, node, up ? -1 : 1),
    setWeather(node, weather) {
      if (weather) weathers.set(node, weather);
      else weathers.delete(node);
    },
    travelMs(from, to) {
      if (calm()) return from === to ? LOCAL_MS : random.between(hopMs);
      let best: number | null = null;
      for (const s of servers.get(from)!) {
        if (!serves(s) || !connected(from, s)) continue;
        for (const r of servers.get(to)!) {
          if (!serves(r) || !connected(to, r)) continue;
          const hops = [hop(from, s), hop(s, r), hop(r, to)];
          if (hops.includes(null)) continue;
          const tookMs = hops.reduce<number>((sum, ms) => sum + ms!, 0);
          if (best === null || tookMs < best) best = tookMs;
        }
      }
      return best;
    },
    duplicates(from) {
      if (weathers.size === 0) return false;
      const ratio = Math.max(0, ...[weathers.get(null), weathers.get(from)].map((w) => w?.duplicateRatio ?? 0));
      return random.chance(ratio);
    },
    onReach(node, callback) {
      const set = listeners.get(node) ?? new Set();
      listeners.set(node, set.add(callback));
      return () => set.delete(callback);
    },
  };
}
