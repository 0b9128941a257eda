/** An invented network: messages take time, and links can be cut one way. */
import type { Bus } from '../services/ports.ts';
import type { Scheduler } from './scheduler.ts';

export interface Network {
  bus(node: string): Bus;
  cut(from: string, to: string): void;
  heal(from: string, to: string): void;
  isolate(node: string): void;
  rejoin(node: string): void;
  /** All that a node serves is gone, as with its power. */
  drop(node: string): void;
}

const DELAY_MS = 1;

export function createNetwork(scheduler: Scheduler, nodes: readonly string[]): Network {
  interface Served {
    readonly node: string;
    readonly matches: (address: string) => boolean;
    readonly handler: (message: unknown, address: string) => unknown;
  }
  let served: Served[] = [];
  const cuts = new Set<string>();
  const open = (from: string, to: string) => from === to || !cuts.has(`${from}>${to}`);
  const copy = (message: unknown) => JSON.parse(JSON.stringify(message ?? null)) as unknown;

  const send = (from: string, address: string, message: unknown, onAnswer?: (answer: unknown) => void) => {
    for (const target of served.filter((s) => s.matches(address))) {
      scheduler.at(scheduler.now() + DELAY_MS, () => {
        if (!open(from, target.node) || !served.includes(target)) return;
        void Promise.resolve()
          .then(() => target.handler(copy(message), address))
          .then((answer) => {
            if (answer === undefined || !onAnswer) return;
            scheduler.at(scheduler.now() + DELAY_MS, () => open(target.node, from) && onAnswer(copy(answer)));
          })
          .catch(() => {});
      });
    }
  };

  const both = (act: (a: string, b: string) => void) => (node: string) => {
    for (const other of nodes) {
      if (other === node) continue;
      act(node, other);
      act(other, node);
    }
  };

  return {
    bus: (node) => ({
      request: (address, message, timeoutMs) =>
        new Promise((resolve, reject) => {
          const cancel = scheduler.at(scheduler.now() + timeoutMs, () => reject(new Error('timeout')));
          send(node, address, message, (answer) => {
            cancel();
            resolve(answer);
          });
        }),
      gather: (address, message, timeoutMs, onAnswer) =>
        new Promise((resolve) => {
          const cancel = scheduler.at(scheduler.now() + timeoutMs, resolve);
          send(node, address, message, (answer) => {
            if (!onAnswer(answer)) return;
            cancel();
            resolve();
          });
        }),
      onReach: () => () => {},
      publish: (address, message) => send(node, address, message),
      serve(address, handler) {
        const prefix = address.endsWith('.*') ? address.slice(0, -1) : null;
        const item: Served = { node, handler, matches: (a) => (prefix ? a.startsWith(prefix) : a === address) };
        served.push(item);
        return () => {
          served = served.filter((s) => s !== item);
        };
      },
    }),
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    heal: (from, to) => void cuts.delete(`${from}>${to}`),
    isolate: both((a, b) => void cuts.add(`${a}>${b}`)),
    rejoin: both((a, b) => void cuts.delete(`${a}>${b}`)),
    drop(node) {
      served = served.filter((s) => s.node !== node);
    },
  };
}
