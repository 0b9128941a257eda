/** A cluster in service as a drill sees it: through the log and the interface of the node on which it is given. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { killQemu, qemuProcesses } from '../../adapters/libvirt/processes.ts';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { fold } from '../../machines/fold.ts';
import { nameOf } from '../../machines/sentences.ts';
import type { Status } from '../../services/api-status.ts';
import type { Order } from '../../services/protocol.ts';
import type { Fault } from '../../sim/faults.ts';
import type { WorldEvent } from '../../sim/simulation.ts';
import { sayFault } from '../../sim/story/say-fault.ts';
import type { World } from '../../sim/story/world.ts';
import type { Api } from '../client.ts';
import { runningPid } from '../daemon.ts';
import { alarm, unrest } from './health.ts';
import type { Plan } from './plan.ts';

const ASK_MS = 500;
const AGAIN_MS = 300;
const WAKE_MS = 50;

export interface Service extends World {
  /** Undoes what is still in force, the last first. Resolves with what could not be undone, as a person would do it. */
  undo(): Promise<readonly string[]>;
  /** Why the drill is over before its end; null while it is not. From then on `advance` rejects. */
  stopped(): string | null;
  stop(why: string): void;
  /** What speaks against going on; empty when all is well. */
  unrest(): readonly string[];
  end(): void;
}

interface Parts {
  readonly api: Api;
  readonly run: string;
  /** Who gives the orders, for the log. */
  readonly by: string;
}

export function createService({ story, node }: Plan, { api, run, by }: Parts): Service {
  const { spec } = story;
  const startMs = performance.now();
  const ending = new AbortController();
  const entries: Stored[] = [];
  const listeners = new Set<(event: WorldEvent) => void>();
  const undoing: { readonly what: string; readonly undo: () => Promise<void> }[] = [];
  /** What has happened and was not told yet: bounded by what comes between two calls of `advance`. */
  const news: (() => void)[] = [];
  let wake = () => {};
  let fleet: Fleet = emptyFleet;
  let status: Status | null = null;
  let stopped: string | null = null;
  let begun = false;

  const now = () => performance.now() - startMs;
  const emit = (event: WorldEvent) => {
    for (const listener of listeners) listener(event);
  };
  const stop = (why: string) => {
    stopped ??= why;
    wake();
  };
  const writers = (guest: string, { guests }: Fleet = fleet): string[] => {
    const { grant, release, observed } = guests[guest]?.context ?? {};
    return grant && release === null && observed === 'running' ? [grant.host] : [];
  };

  const take = (stored: Stored) => {
    if (stored.seq !== entries.length + 1) return;
    const before = fleet;
    entries.push(stored);
    fleet = fold(fleet, [stored]);
    const { entry } = stored;
    const guest = nameOf(entry.subject);
    emit({ kind: 'entry', atMs: now(), stored });
    if (entry.type === 'start.succeeded')
      emit({ kind: 'started', atMs: now(), guest, host: entry.data.host, token: entry.data.token });
    for (const name of Object.keys(spec.guests)) {
      const [was, is] = [writers(name, before), writers(name)];
      const change = (host: string, on: boolean) =>
        emit({ kind: 'writer', atMs: now(), guest: name, host, on, token: null });
      for (const host of was) if (!is.includes(host)) change(host, false);
      for (const host of is) if (!was.includes(host)) change(host, true);
    }
    const why = begun ? alarm(fleet) : null;
    if (why !== null) stop(why);
  };

  const loop = async (everyMs: number, turn: () => Promise<void>) => {
    while (!ending.signal.aborted) {
      await turn().catch(() => {});
      await sleep(everyMs);
    }
  };
  void loop(AGAIN_MS, async () => {
    const query = { from: String(entries.length + 1), follow: '1' };
    for await (const stored of api.lines<Stored>('/v1/log', query, ending.signal)) {
      news.push(() => take(stored));
      wake();
    }
  });
  void loop(ASK_MS, async () => {
    status = await api.get<Status>('/v1/status');
  });

  const order = async (asked: Order): Promise<string> => {
    const own = { ...asked, by };
    const opposite = oppositeOf(own);
    // Before it is sent: an answer that is lost leaves open whether it was carried out, and undoing twice does no harm.
    if (opposite?.begins)
      undoing.push({ what: opposite.what, undo: async () => void (await api.post('/v1/orders', opposite.order)) });
    try {
      await api.post('/v1/orders', own);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    // The story itself has ended what it began.
    const ended = undoing.findIndex(({ what }) => what === opposite?.what);
    if (opposite !== null && !opposite.begins && ended >= 0) undoing.splice(ended, 1);
    return 'accepted';
  };

  const pause = (forMs: number) => {
    const pid = runningPid(run);
    if (pid === null) return stop('no rekindled runs here');
    // It goes on even if this command is killed: who wakes it is there before it stops.
    const waker = spawn('sh', ['-c', `sleep ${forMs / 1_000}; kill -CONT ${pid}`], { detached: true, stdio: 'ignore' });
    waker.once('error', () => stop('nobody could be set to wake rekindled'));
    if (waker.pid === undefined) return;
    waker.unref();
    undoing.push({ what: `kill -CONT ${pid}`, undo: async () => void process.kill(pid, 'SIGCONT') });
    process.kill(pid, 'SIGSTOP');
  };

  const touch = (fault: Fault) => {
    if (fault.kind === 'pause-daemon') pause(fault.forMs);
    else if (fault.kind === 'kill-guest') {
      const pids = qemuProcesses().filter(({ guest }) => guest === fault.guest);
      if (pids.length === 0) return stop(`no QEMU of ${fault.guest} runs here`);
      killQemu(fault.guest);
    } else stop(`"${sayFault(fault)}" is not done to a cluster in service`);
  };

  const well = (fault: Fault): boolean => {
    begun = true;
    // Ending what this drill began needs no whole cluster.
    if (fault.kind === 'order' && fault.order.kind === 'set-desired' && fault.order.desired === 'running') return true;
    if (fault.kind === 'order' && fault.order.kind === 'maintenance' && !fault.order.on) return true;
    const [first] = status === null ? ['rekindled does not answer'] : unrest(fleet, status);
    if (first !== undefined) stop(`before "${sayFault(fault)}": ${first}`);
    return stopped === null;
  };

  return {
    spec,
    now,
    nodes: Object.fromEntries(
      Object.keys({ ...spec.hosts, ...spec.arbiters }).map((name) => [
        name,
        {
          name,
          powered: () => true,
          controller: () => (name === node ? { fleet: () => fleet } : null),
          instances: () =>
            new Map(
              Object.entries(fleet.guests).flatMap(([guest, { context }]) =>
                context.grant?.host === name && (context.observed === 'running' || context.observed === 'paused')
                  ? [[guest, { state: context.observed }] as const]
                  : [],
              ),
            ),
          resets: () => 0,
        },
      ]),
    ),
    async advance(forMs, done = () => false) {
      const endMs = now() + forMs;
      for (;;) {
        if (stopped !== null) throw new Error(stopped);
        const next = news.shift();
        if (next !== undefined) {
          next();
          if (done()) return;
          continue;
        }
        const leftMs = endMs - now();
        if (done() || leftMs <= 0) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, Math.min(leftMs, WAKE_MS));
        });
      }
    },
    inject(fault) {
      if (!well(fault)) return;
      emit({ kind: 'fault', atMs: now(), fault });
      touch(fault);
    },
    order: async (asked) => (well({ kind: 'order', order: asked }) ? order(asked) : (stopped ?? '')),
    entries: () => entries,
    leader: () => {
      const name = status?.roles.leader ?? null;
      return name === null ? null : { name };
    },
    writers: (guest) => writers(guest),
    observe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async undo() {
      const left: string[] = [];
      for (const { what, undo } of undoing.splice(0).reverse()) await undo().catch(() => left.push(what));
      return left;
    },
    stopped: () => stopped,
    stop,
    unrest: () => {
      for (const next of news.splice(0)) next();
      return status === null ? ['rekindled does not answer'] : unrest(fleet, status);
    },
    end: () => ending.abort(),
  };
}

/** The order that ends what a drill may begin, as a person would give it; null where nothing is begun or ended. */
function oppositeOf(order: Order): { readonly begins: boolean; readonly order: Order; readonly what: string } | null {
  if (order.kind === 'set-desired')
    return {
      begins: order.desired === 'stopped',
      order: { ...order, desired: 'running' },
      what: `rekindle start ${order.guest}`,
    };
  if (order.kind === 'maintenance')
    return { begins: order.on, order: { ...order, on: false }, what: `rekindle maintenance ${order.host} --end` };
  return null;
}
