/**
 * An invented network. Every message goes the ways it goes in life: from a node to either of its two nats-servers, from
 * there to either server of the receiver, and on; the first arrival counts. TCP loses nothing, so a lost packet costs time;
 * what meets a cut waits in its connection, and is lost when that is given up, or arrives even then, long after.
 */
import { type Bus, BusError } from '../services/ports.ts';
import { carried } from './carried.ts';
import { createLinks, GIVEN_UP_MS, type Links } from './links.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Network extends Links {
  /** `process` sends and serves; when it is dead, neither happens any more. */
  bus(node: string, process: Process): Bus;
  /**
   * All that a node serves is gone. Not `atOnce`, as with its power: its silent connections are still taken for alive, so
   * who asks waits for an answer.
   */
  drop(node: string, atOnce: boolean): void;
  /** Milliseconds a message takes from one node to another now; null when there is no way. */
  travelMs(from: string, to: string): number | null;
}

interface Served {
  readonly node: string;
  readonly process: Process;
  readonly handler: (message: unknown, address: string) => unknown;
}

/** Half of what met a cut outlives its connection, up to this: longer than real ones were seen to hold anything. */
const HELD_MS = 10_000;
const HELD_AT_MOST = 2_000;
const NO_RESPONDERS_MS = 1;
const NOBODY: readonly Served[] = [];

export function createNetwork(
  scheduler: Scheduler,
  random: Random,
  nodes: readonly string[],
  voters: readonly string[],
  hopMs: readonly [number, number],
): Network {
  const exact = new Map<string, Served[]>();
  const prefixed = new Map<string, Served[]>();
  let held: { readonly from: string; readonly to: string; readonly untilMs: number; readonly run: () => void }[] = [];

  const links = createLinks(scheduler, random.fork('links'), nodes, voters, hopMs, () => {
    const waiting = held;
    held = [];
    for (const one of waiting) {
      if (scheduler.now() < one.untilMs) carry(one.from, one.to, scheduler.now(), one.run, one.untilMs);
    }
  });

  /** Runs `run` when the message has arrived, if it does. */
  function carry(from: string, to: string, sentMs: number, run: () => void, untilMs?: number): void {
    const tookMs = links.travelMs(from, to);
    if (tookMs !== null) return void scheduler.at(sentMs + tookMs, run);
    if (held.length === HELD_AT_MOST) held = held.slice(HELD_AT_MOST / 2);
    held.push({ from, to, untilMs: untilMs ?? sentMs + (random.chance(0.5) ? HELD_MS : GIVEN_UP_MS), run });
  }

  /** A star stands for one word. */
  const targetsOf = (address: string): readonly Served[] => {
    const direct = exact.get(address) ?? NOBODY;
    const starred = prefixed.get(address.slice(0, address.lastIndexOf('.') + 1)) ?? NOBODY;
    return starred.length === 0 ? direct : direct.length === 0 ? starred : [...direct, ...starred];
  };

  const send = (
    from: string,
    process: Process,
    address: string,
    message: unknown,
    onAnswer?: (answer: unknown, node: string) => void,
  ): number => {
    if (!process.alive() || !links.attached(from)) return 0;
    // What JSON cannot carry does not arrive in life either, and nobody shares an object with another node.
    let reached = 0;
    for (const target of targetsOf(address)) {
      if (!links.attached(target.node)) continue;
      reached += 1;
      const arriving = carried(message);
      const answered = (answer: unknown) => {
        if (answer === undefined || !onAnswer || !target.process.alive()) return;
        const answerSent = carried(answer);
        carry(target.node, from, target.process.nowMs(), () => process.enter(() => onAnswer(answerSent, target.node)));
      };
      const handle = () => {
        let answer: unknown;
        try {
          answer = target.handler(arriving, address);
        } catch {
          // An error in a handler is an answer that never comes.
          return;
        }
        if (answer instanceof Promise) answer.then(answered, () => {});
        else answered(answer);
      };
      let arrived = false;
      const deliver = () => {
        // The real bus handles an id once, by whichever way and however often it comes.
        if (arrived) return;
        arrived = true;
        target.process.enter(handle);
      };
      carry(from, target.node, process.nowMs(), deliver);
      if (links.duplicates(from)) carry(from, target.node, process.nowMs(), deliver);
    }
    return reached;
  };

  const table = (address: string) => (address.endsWith('.*') ? prefixed : exact);
  const key = (address: string) => (address.endsWith('.*') ? address.slice(0, -1) : address);
  const remove = (address: string, gone: (served: Served) => boolean) => {
    const left = (table(address).get(key(address)) ?? []).filter((served) => !gone(served));
    if (left.length > 0) table(address).set(key(address), left);
    else table(address).delete(key(address));
  };

  return {
    ...links,
    bus: (node, process) => ({
      request: (address, message, timeoutMs) =>
        new Promise((resolve, reject) => {
          const cancel = process.after(timeoutMs, () => reject(new BusError('timeout', address)));
          const reached = send(node, process, address, message, (answer) => {
            cancel();
            resolve(answer);
          });
          if (reached > 0) return;
          cancel();
          process.after(NO_RESPONDERS_MS, () => reject(new BusError('no-responders', address)));
        }),
      gather: (address, message, timeoutMs, onAnswer) =>
        new Promise((resolve) => {
          let ended = false;
          const answered = new Set<string>();
          const end = () => {
            ended = true;
            cancel();
            resolve();
          };
          const cancel = process.after(timeoutMs, end);
          const reached = send(node, process, address, message, (answer, by) => {
            if (ended || answered.has(by)) return;
            answered.add(by);
            if (onAnswer(answer)) end();
          });
          if (reached === 0) process.after(NO_RESPONDERS_MS, end);
        }),
      onReach: (callback) => links.onReach(node, () => process.enter(callback)),
      publish: (address, message) => void send(node, process, address, message),
      serve(address, handler) {
        const served: Served = { node, process, handler };
        table(address).set(key(address), [...(table(address).get(key(address)) ?? []), served]);
        return () => remove(address, (one) => one === served);
      },
    }),
    drop(node, atOnce) {
      const all = [...exact.values(), ...prefixed.values()].flat();
      const gone = new Set(all.filter((served) => served.node === node));
      const forget = () => {
        for (const address of [...exact.keys()]) remove(address, (served) => gone.has(served));
        for (const prefix of [...prefixed.keys()]) remove(`${prefix}*`, (served) => gone.has(served));
      };
      if (atOnce) forget();
      else scheduler.at(scheduler.now() + GIVEN_UP_MS, forget);
    },
  };
}
