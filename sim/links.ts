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
  /** The nats-servers of two nodes are up and connected, as their Raft groups need it. */
  serversReach(from: string, to: string): boolean;
  /** A client on `node` gets through to the nats-server of `to`, over either of its own two. */
  clientReaches(node: string, to: string): boolean;
  duplicates(from: string): boolean;
  /** A client on `node` has a connection to a server, or still takes a dead one for alive. */
  attached(node: string): boolean;
  /** A new connection from one node to the other would come about: the cable carries both ways, and both know the way. */
  connects(from: string, to: string): boolean;
  /** Calls back whenever a node is connected to one of its servers again. */
  onReach(node: string, callback: () => void): () => void;
}

/** A peer that says nothing is given up after three pings, one a second (adapters/nats/connections.ts, server-config.ts). */
export const GIVEN_UP_MS = 3_000;
/** TCP's first retransmission comes this late, each further one twice as late (RFC 6298: at least 200 ms on Linux). */
const RETRANSMIT_MS = 200;
const RETRANSMISSIONS = 5;
/** Whose own link was gone has forgotten its neighbours' hardware addresses, and asks for each once a second (RFC 1122: 2.3.2.1). */
const NEIGHBOUR_MS = 1_000;
const LOCAL_MS = 0.1;
/**
 * The two nats-servers each node keeps connections to, as the daemon chooses them (adapters/nats/server-config.ts): every
 * node runs one, and a node takes its own and that of the next node by name; with one voter there is that voter's alone.
 */
export function serversOf(nodes: readonly string[], voters: readonly string[]): ReadonlyMap<string, readonly string[]> {
  if (voters.length === 1) return new Map(nodes.map((node) => [node, voters]));
  const all = [...nodes].sort();
  return new Map(all.map((node, i) => [node, [node, all[(i + 1) % all.length]!]]));
}

/** What stands still between two nodes, in one direction. */
interface Stuck {
  readonly from: string;
  readonly to: string;
  /** When something first met the cut. */
  readonly sinceMs: number;
  /** It met it at the sender's own link. */
  readonly atHome: boolean;
  /** It will be tried again. */
  due: boolean;
}

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
  /** For each node and server of its own that is not reached: since when, and whether that server has closed its connections. */
  const lost = new Map<string, { readonly sinceMs: number; closed: boolean }>();
  const stuck = new Map<string, Stuck>();

  const servers = serversOf(nodes, voters);

  const open = (from: string, to: string) =>
    from === to ||
    (!down.has(from) &&
      !down.has(to) &&
      !isolated.has(from) &&
      !isolated.has(to) &&
      (cuts.size === 0 || !cuts.has(`${from}>${to}`)));
  const serves = (node: string) => !down.has(node) && !serversDown.has(node);
  /** Who makes a connection needs both directions. */
  const connected = (a: string, b: string) => open(a, b) && open(b, a);
  const serversReach = (a: string, b: string) => serves(a) && serves(b) && connected(a, b);
  const givenUp = (from: string, to: string) =>
    scheduler.now() - (stuck.get(`${from}>${to}`)?.sinceMs ?? Number.POSITIVE_INFINITY) >= GIVEN_UP_MS;
  const reachesOwn = (node: string, server: string) => !down.has(node) && serves(server) && connected(node, server);

  const keepsUp = (from: string, to: string) =>
    stuck.size === 0 || from === to || (!stuck.has(`${from}>${to}`) && !givenUp(to, from));
  /** The connections between two nodes carry what the one sends: also towards one whose acknowledgements are lost, until it is given up. */
  const flows = (from: string, to: string) => open(from, to) && keepsUp(from, to);
  const stick = (from: string, to: string, sinceMs: number) => {
    const pair = `${from}>${to}`;
    if (!stuck.has(pair)) stuck.set(pair, { from, to, sinceMs, atHome: isolated.has(from), due: false });
  };
  /** The same, of something that is being sent: what meets a cut waits in its connection, and all that comes after it waits behind it. */
  const carries = (from: string, to: string) => {
    if (open(from, to)) return keepsUp(from, to);
    if (!down.has(from) && !down.has(to)) stick(from, to, scheduler.now());
    return false;
  };
  const reached = (node: string) => {
    for (const callback of listeners.get(node) ?? []) callback();
  };

  /** Has what is stuck tried again when its kernel would: now that the link is there, at the next retransmission, or by a new connection. */
  const retry = (one: Stuck) => {
    const { from, to, sinceMs, atHome } = one;
    if (one.due || !open(from, to)) return;
    let waitedMs = atHome ? NEIGHBOUR_MS : RETRANSMIT_MS;
    while (sinceMs + waitedMs < scheduler.now()) waitedMs += atHome ? NEIGHBOUR_MS : waitedMs;
    const anew = waitedMs >= GIVEN_UP_MS;
    const back = () => (anew ? connected : open)(from, to);
    if (!back()) return;
    one.due = true;
    const dueMs = anew
      ? Math.max(scheduler.now(), sinceMs + GIVEN_UP_MS) + random.between(RECONNECT_MS)
      : sinceMs + waitedMs;
    scheduler.at(dueMs, () => {
      one.due = false;
      if (stuck.get(`${from}>${to}`) !== one || !back()) return;
      stuck.delete(`${from}>${to}`);
      // A new connection carries both ways.
      if (anew) stuck.delete(`${to}>${from}`);
      onChange();
      if (!anew) return;
      if (servers.get(from)!.includes(to)) reached(from);
      if (servers.get(to)!.includes(from)) reached(to);
    });
  };

  /** Milliseconds for one hop. */
  const hop = (from: string, to: string): number => {
    if (from === to) return LOCAL_MS;
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
    cuts.size === 0 &&
    isolated.size === 0 &&
    down.size === 0 &&
    serversDown.size === 0 &&
    weathers.size === 0 &&
    stuck.size === 0;

  const changed = () => {
    onChange();
    for (const node of nodes) {
      for (const server of servers.get(node)!) {
        const pair = `${node}>${server}`;
        const before = lost.get(pair);
        const reaches = reachesOwn(node, server);
        if (!reaches) {
          if (!before) lost.set(pair, { sinceMs: scheduler.now(), closed: serversDown.has(server) });
          else if (serversDown.has(server)) before.closed = true;
          continue;
        }
        if (!before) continue;
        lost.delete(pair);
        if (before.closed) {
          scheduler.at(scheduler.now() + random.between(RECONNECT_MS), () => {
            if (reachesOwn(node, server)) reached(node);
          });
        } else if (scheduler.now() - before.sinceMs >= GIVEN_UP_MS) stick(node, server, before.sinceMs);
      }
    }
    for (const one of stuck.values()) retry(one);
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
        if (!serves(s) || !carries(from, s)) continue;
        for (const r of servers.get(to)!) {
          if (!serves(r) || !carries(s, r) || !carries(r, to)) continue;
          const tookMs = hop(from, s) + hop(s, r) + hop(r, to);
          if (best === null || tookMs < best) best = tookMs;
        }
      }
      return best;
    },
    serversReach,
    clientReaches: (node, to) =>
      calm() ||
      servers.get(node)!.some((own) => {
        if (!serves(own) || !serves(to)) return false;
        return flows(node, own) && flows(own, node) && flows(own, to) && flows(to, own);
      }),
    connects: (from, to) =>
      connected(from, to) && !stuck.get(`${from}>${to}`)?.atHome && !stuck.get(`${to}>${from}`)?.atHome,
    duplicates(from) {
      if (weathers.size === 0) return false;
      const ratio = Math.max(0, ...[weathers.get(null), weathers.get(from)].map((w) => w?.duplicateRatio ?? 0));
      return random.chance(ratio);
    },
    attached(node) {
      if (calm()) return true;
      return servers.get(node)!.some((server) => {
        if (reachesOwn(node, server)) return !givenUp(node, server) && !givenUp(server, node);
        // A server that was killed closes its connections; one that is cut off or has lost its power says nothing.
        const since = lost.get(`${node}>${server}`);
        return since !== undefined && !serversDown.has(server) && scheduler.now() - since.sinceMs < GIVEN_UP_MS;
      });
    },
    onReach(node, callback) {
      const set = listeners.get(node) ?? new Set();
      listeners.set(node, set.add(callback));
      return () => set.delete(callback);
    },
  };
}
