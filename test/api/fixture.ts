/** A small cluster as a node's controller would show it to the API: entries in a row, and the fleet they make. */
import { createHash } from 'node:crypto';
import { parseClusterFile } from '../../adapters/config/cluster-file.ts';
import { type Draft, type Entry, parseEntry, type Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet, GENESIS_HASH } from '../../machines/fleet.ts';
import { apply } from '../../machines/fold.ts';
import type { ControllerView, Roles } from '../../services/api-view.ts';
import type { LeaderAnswer, Order } from '../../services/protocol.ts';

const FILE = `\
cluster: lab
profile: fast
hosts:
  h1: { address: 10.0.0.1, capacity: { memoryMiB: 4096, vcpus: 4 }, storage: [images] }
  h2: { address: 10.0.0.2, capacity: { memoryMiB: 4096, vcpus: 4 }, storage: [images] }
  h3: { address: 10.0.0.3, capacity: { memoryMiB: 4096, vcpus: 4 }, storage: [images] }
guests:
  g1: { definition: g1.xml, resources: { memoryMiB: 512, vcpus: 1 }, storage: [images], prefers: h3 }
  g2: { definition: g2.xml, resources: { memoryMiB: 512, vcpus: 1 }, storage: [images], prefers: h1 }
`;
const { spec, digest } = parseClusterFile(
  FILE,
  'c.yaml',
  (path) => `<domain type='kvm'><name>${path.slice(0, 2)}</name></domain>`,
);

const joined = (bootId: string) => ({
  incarnation: { bootId, counter: 1 },
  selfFencing: true,
  watchdog: 'process, 2000 ms',
  instances: [],
});

const START = Date.parse('2025-01-31T12:00:00.000Z');

/** From an empty log to three hosts and two running guests. */
const BEGINNING: readonly Draft[] = [
  { type: 'leader.elected', subject: 'cluster', cause: 'observation', data: { node: 'h1' } },
  { type: 'cluster.configured', subject: 'cluster', cause: 'operator', data: { digest, spec } },
  ...(['h1', 'h2', 'h3'] as const).map(
    (host): Draft => ({
      type: 'host.joined',
      subject: `host/${host}`,
      cause: 'observation',
      data: joined(`boot-${host}`),
    }),
  ),
  granted('g1', 'h3'),
  started('g1', 'h3', '1.6'),
  granted('g2', 'h1'),
  started('g2', 'h1', '1.8'),
];

export function granted(guest: string, host: string): Draft {
  const data = {
    host,
    counter: 1,
    purpose: 'first-start',
    why: `${host} is preferred`,
    refused: [],
    release: { kind: 'none', entry: '' },
  } as const;
  return { type: 'guest.granted', subject: `guest/${guest}`, cause: '1.2', data: { ...data, refused: [] } };
}

export function started(guest: string, host: string, token: string): Draft {
  return {
    type: 'start.succeeded',
    subject: `guest/${guest}`,
    cause: token,
    data: { intent: `guest/${guest}/start@${token.split('.')[1]}`, host, counter: 1, token, detail: '' },
  };
}

export const silence: Draft = {
  type: 'host.suspected',
  subject: 'host/h3',
  cause: 'observation',
  data: {
    counter: 1,
    silentMs: 1_010,
    witnesses: [
      { voter: 'h1', heardAgoMs: 1_010 },
      { voter: 'h2', heardAgoMs: 1_020 },
    ],
  },
};

export interface TestView extends ControllerView {
  /** Appends as a leader would. */
  append(...drafts: readonly Draft[]): void;
  /** Orders that arrived. */
  readonly orders: Order[];
  answer: (order: Order) => LeaderAnswer | Promise<LeaderAnswer>;
  setRoles(roles: Partial<Roles>): void;
  onShutDown: () => void;
}

export function testView(node = 'h1'): TestView {
  let fleet: Fleet = emptyFleet;
  const log: Stored[] = [];
  const listeners = new Set<(stored: Stored) => void>();
  let roles: Roles = {
    leader: 'h1',
    leading: node === 'h1',
    lease: { remainingMs: 4_800, paused: [] },
    nats: [
      { server: 'h1', connected: true },
      { server: 'h2', connected: true },
    ],
    heardAgoMs: { h1: 120, h2: 80, h3: 200 },
    installs: {},
    waitingFor: null,
  };
  const orders: Order[] = [];
  const view: TestView = {
    node,
    orders,
    answer: () => ({ kind: 'accepted', seq: fleet.seq }),
    onShutDown: () => {},
    fleet: () => fleet,
    entries: (from, to) => log.slice(Math.max(0, from - 1), to),
    onEntry: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    order: async (order) => {
      orders.push(order);
      return view.answer(order);
    },
    roles: () => roles,
    setRoles: (some) => {
      roles = { ...roles, ...some };
    },
    shutDown: async () => view.onShutDown(),
    append: (...drafts) => {
      for (const draft of drafts) {
        const stored = store(draft, log.at(-1));
        fleet = apply(fleet, stored);
        log.push(stored);
        for (const listener of listeners) listener(stored);
      }
    },
  };
  view.append(...BEGINNING);
  return view;
}

function store(draft: Draft, last: Stored | undefined): Stored {
  const seq = (last?.seq ?? 0) + 1;
  const entry: Entry = parseEntry({
    specversion: '1.0',
    id: `1.${seq}`,
    source: 'h1',
    time: new Date(START + seq * 250).toISOString(),
    epoch: 1,
    prevhash: last?.hash ?? GENESIS_HASH,
    ...draft,
  });
  return { seq, hash: createHash('sha256').update(JSON.stringify(entry)).digest('hex'), entry };
}
