/** The lab as a story sees it: real hosts, real time, and the log as each node's own rekindled tells it. */
import { join } from 'node:path';
import { signerFrom } from '../../adapters/keys/sign.ts';
import { apiAt } from '../../cli/client.ts';
import type { Stored } from '../../machines/entries.ts';
import type { Status } from '../../services/api-status.ts';
import { RekindleError } from '../../services/errors.ts';
import { confirmOffText, type LeaderAnswer, type Order } from '../../services/protocol.ts';
import type { Fault } from '../../sim/faults.ts';
import type { WorldEvent } from '../../sim/simulation.ts';
import type { Story } from '../../sim/story/ast.ts';
import { sayFault } from '../../sim/story/say-fault.ts';
import type { StoryNode, World } from '../../sim/story/world.ts';
import { labFault as carryOut, type LabStatus, labStatus } from '../client.ts';
import { keys } from '../cluster-file.ts';
import { delay } from '../exec.ts';
import { createEyes, seenIn } from './eyes.ts';
import { type Call, labFault } from './fault-map.ts';

/** Between two looks at what runs and what is on. */
const LOOK_MS = 100;
/** Between two questions to each rekindled who leads. */
const ASK_MS = 500;
const ANSWER_MS = 1_500;
/** Before a node whose log broke off is asked again. */
const AGAIN_MS = 200;
const WAKE_MS = 50;

export interface LabWorld extends World {
  /** What went wrong with the lab itself, or contradicts what must always hold. */
  readonly failures: readonly string[];
  end(): void;
}

export function createLabWorld({ spec }: Story, first: LabStatus): LabWorld {
  const startMs = performance.now();
  const ending = new AbortController();
  const failures: string[] = [];
  const entries: Stored[] = [];
  const heads = new Map<string, { seq: number; hash: string }>();
  const eyes = createEyes();
  const listeners = new Set<(event: WorldEvent) => void>();
  let status = first;
  let leader: string | null = null;
  /** What has happened and was not told yet: bounded by what happens between two calls of `advance`. */
  const news: (() => void)[] = [];
  let wake = () => {};
  /** The moment of what is being told: two changes seen in one look happened at once. */
  let toldAtMs: number | null = null;

  const now = () => toldAtMs ?? performance.now() - startMs;
  const emit = (event: WorldEvent) => {
    for (const listener of listeners) listener(event);
  };
  const tell = (what: () => void) => {
    news.push(what);
    wake();
  };
  const socketOf = (node: string): string | null => {
    const init = status.nodes.find(({ name }) => name === node)?.init;
    return init == null ? null : `/proc/${init}/root/run/rekindle/api.sock`;
  };
  const loop = async (everyMs: number, turn: () => Promise<void>) => {
    while (!ending.signal.aborted) {
      await turn().catch(() => {});
      await delay(everyMs);
    }
  };

  const take = (node: string, stored: Stored) => {
    heads.set(node, { seq: stored.seq, hash: stored.hash });
    const known = entries[stored.seq - 1];
    if (known !== undefined) {
      if (known.hash !== stored.hash) failures.push(`${node} has another entry ${stored.seq} than the others`);
      return;
    }
    if (stored.seq !== entries.length + 1) return;
    entries.push(stored);
    if (stored.entry.type === 'leader.elected') leader = stored.entry.data.node;
    emit({ kind: 'entry', atMs: now(), stored });
  };

  /** Every node's log is followed, so that an entry is known as soon as the first of them has it. */
  const follow = (node: string) =>
    loop(AGAIN_MS, async () => {
      const socket = socketOf(node);
      if (socket === null) return;
      const query = { from: String(Math.max(1, entries.length)), follow: '1' };
      for await (const stored of apiAt(socket).lines<Stored>('/v1/log', query, ending.signal))
        tell(() => take(node, stored));
    });

  const ask = (node: string) =>
    loop(ASK_MS, async () => {
      const socket = socketOf(node);
      const since = entries.findLast(({ entry }) => entry.type === 'leader.elected')?.seq;
      const answer =
        socket === null ? null : await within(ANSWER_MS, apiAt(socket).get<Status>('/v1/status')).catch(() => null);
      if (answer === null) heads.delete(node);
      else if ((heads.get(node)?.seq ?? 0) < answer.seq)
        heads.set(node, { seq: answer.seq, hash: entries[answer.seq - 1]?.hash ?? 'not read yet' });
      // What was asked before an election says nothing about who leads after it.
      if (since !== entries.findLast(({ entry }) => entry.type === 'leader.elected')?.seq) return;
      if (answer?.roles.leading) leader = node;
      else if (leader === node) leader = null;
    });

  const look = () =>
    loop(LOOK_MS, async () => {
      const next = await labStatus();
      if (next === undefined) throw new Error('no answer');
      const seen = seenIn(next);
      tell(() => {
        status = next;
        for (const change of eyes.look(next, seen)) {
          if (change.kind === 'power') emit({ ...change, atMs: now() });
          else emit({ ...change, atMs: now(), token: '' });
        }
      });
    });

  /** A call that fails is a failure of the story: what it told did not happen. */
  const call = async (fault: Fault, calls: readonly Call[]) => {
    for (const [name, ...args] of calls) {
      await carryOut(name, args).catch((error: unknown) => {
        if (!ending.signal.aborted) failures.push(`the lab could not do "${sayFault(fault)}": ${messageOf(error)}`);
      });
    }
  };

  const lasting = async (
    fault: Fault,
    begin: readonly Call[],
    end: readonly Call[],
    forMs: number,
    everyMs?: number,
  ) => {
    const endMs = performance.now() + forMs;
    let broken = true;
    while (everyMs !== undefined && performance.now() + everyMs < endMs) {
      await delay(everyMs);
      broken = !broken;
      await call(fault, broken ? begin : end);
    }
    await delay(endMs - performance.now());
    if (broken) await call(fault, end);
    tell(() => emit({ kind: 'fault-ended', atMs: now(), fault }));
  };

  async function order(asked: Order, at?: string): Promise<string> {
    const word = signed(asked);
    const nodes = at === undefined ? [leader, ...status.nodes.map(({ name }) => name)] : [at];
    let last = 'no rekindled answers';
    for (const node of new Set(nodes)) {
      const socket = node === null ? null : socketOf(node);
      if (socket === null) continue;
      try {
        await apiAt(socket).post<LeaderAnswer>('/v1/orders', word);
        return 'accepted';
      } catch (error) {
        last = messageOf(error);
        // Another node is asked only when this one has surely passed nothing on.
        if (!(error instanceof RekindleError) || error.code !== 'DAEMON_NOT_RUNNING') return last;
      }
    }
    return last;
  }

  const node = (name: string): [string, StoryNode] => [
    name,
    {
      name,
      powered: () => status.nodes.find((one) => one.name === name)?.power === 'on',
      controller: () => {
        const head = heads.get(name);
        return head === undefined ? null : { fleet: () => head };
      },
      instances: () =>
        new Map(
          eyes
            .instances()
            .filter(({ host }) => host === name)
            .map((one) => [one.guest, one]),
        ),
      resets: () => status.nodes.find((one) => one.name === name)?.resets ?? 0,
    },
  ];

  void look();
  for (const { name } of first.nodes) {
    void follow(name);
    void ask(name);
  }

  return {
    spec,
    nodes: Object.fromEntries(first.nodes.map(({ name }) => node(name))),
    failures,
    now,
    async advance(forMs, done = () => false) {
      const endMs = now() + forMs;
      for (;;) {
        const next = news.shift();
        if (next !== undefined) {
          toldAtMs = performance.now() - startMs;
          next();
          toldAtMs = null;
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
      if (fault.kind === 'order') {
        void order(fault.order, fault.at);
        return;
      }
      emit({ kind: 'fault', atMs: now(), fault });
      const how = labFault(fault, spec);
      if (typeof how === 'string') {
        failures.push(how);
        return;
      }
      void call(fault, how.begin);
      const forMs = 'forMs' in fault ? fault.forMs : undefined;
      if (forMs !== undefined) void lasting(fault, how.begin, how.end, forMs, how.everyMs);
    },
    order,
    entries: () => entries,
    leader: () => (leader === null ? null : { name: leader }),
    writers: eyes.writers,
    observe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    end: () => ending.abort(),
  };
}

/** A word about a host counts with the signature of the lab's own operator. */
function signed(order: Order): Order {
  if (order.kind !== 'confirm-off') return order;
  const signer = signerFrom(join(keys, 'clients/operator/operator.nk'));
  return { ...order, key: signer.publicKey, signature: signer.sign(confirmOffText(order)) };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const within = <T>(ms: number, answer: Promise<T>): Promise<T> =>
  Promise.race([answer, delay(ms).then(() => Promise.reject(new Error('no answer in time')))]);
