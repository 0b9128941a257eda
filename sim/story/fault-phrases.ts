/** Everything that can happen to a cluster, as a person would write it. The way back is say-fault.ts. */
import type { Mode } from '../../machines/machine-facts.ts';
import type { Order } from '../../services/protocol.ts';
import type { Fault } from '../faults.ts';
import { ticketKey } from '../machine.ts';
import { type Phrase, phrase } from './phrase.ts';
import type { Slots } from './slots.ts';

/** The person whose orders a story tells. Their key is in the story's cluster. */
export const OPERATOR = 'operator';

type Make = (slots: Slots) => readonly Fault[];
const forMs = ({ FOR }: Slots) => (FOR === undefined ? {} : { forMs: FOR });
const needed = ({ FOR }: Slots) => ({ forMs: FOR! });
const eachNode =
  (make: (node: string, slots: Slots) => Fault): Make =>
  (slots) =>
    slots.NODES.map((node) => make(node, slots));
const eachGuest =
  (make: (guest: string, slots: Slots) => Fault): Make =>
  (slots) =>
    slots.GUESTS.map((guest) => make(guest, slots));
const eachPair =
  (make: (from: string, to: string, slots: Slots) => Fault, ways: 1 | 2): Make =>
  (slots) =>
    slots.NODES.flatMap((from) =>
      slots.TO.flatMap((to) => (ways === 1 ? [make(from, to, slots)] : [make(from, to, slots), make(to, from, slots)])),
    );
const order =
  (make: (slots: Slots) => readonly Order[]): Make =>
  (slots) =>
    make(slots).map(
      (one): Fault =>
        slots.NODE === undefined ? { kind: 'order', order: one } : { kind: 'order', at: slots.NODE, order: one },
    );

const by = OPERATOR;
const cut = eachPair.bind(null, (from, to, slots) => ({ kind: 'cut', from, to, ...forMs(slots) }));
const heal = eachPair.bind(null, (from, to) => ({ kind: 'heal', from, to }));
const bmc = (mode: Extract<Fault, { kind: 'bmc' }>['mode']) =>
  eachNode((node, slots) => ({ kind: 'bmc', node, mode, ...forMs(slots) }));

const installs =
  (mode: Mode) =>
  ({ HOSTS, TEXT }: Slots): readonly Order[] =>
    HOSTS.map((host) => ({ kind: 'reinstall', host, mode, by, reason: TEXT ?? 'drill', plan: digestOf(0) }));
/** Another for each version, and of the right form. */
const digestOf = (version: number) => version.toString(16).padStart(64, '0');

const PATTERNS: Readonly<Record<string, Make>> = {
  'power loss of NODES [for FOR]': eachNode((node, slots) => ({ kind: 'power-loss', node, ...forMs(slots) })),
  'switch on NODES': eachNode((node) => ({ kind: 'power-on', node })),
  'kernel panic of NODES': eachNode((node) => ({ kind: 'kernel-panic', node })),
  'NODES stands|stand still for FOR': eachNode((node, slots) => ({ kind: 'freeze', node, ...needed(slots) })),
  'kill the daemon of NODES': eachNode((node) => ({ kind: 'kill-daemon', node })),
  'pause the daemon of NODES for FOR': eachNode((node, slots) => ({ kind: 'pause-daemon', node, ...needed(slots) })),
  'kill the petter of NODES': eachNode((node) => ({ kind: 'kill-petter', node })),
  'slow disk of NODES with MS a write [for FOR]': eachNode((node, slots) => ({
    kind: 'slow-disk',
    node,
    writeMs: slots.MS,
    ...forMs(slots),
  })),
  'libvirt of NODES is down for FOR': eachNode((node, slots) => ({
    kind: 'libvirt',
    node,
    mode: 'down',
    ...needed(slots),
  })),
  'libvirt of NODES hangs for FOR': eachNode((node, slots) => ({
    kind: 'libvirt',
    node,
    mode: 'hung',
    ...needed(slots),
  })),
  'storage loss of NODES for FOR': eachNode((node, slots) => ({ kind: 'storage-loss', node, ...needed(slots) })),
  'starts on NODES fail for FOR': eachNode((node, slots) => ({
    kind: 'starts',
    node,
    mode: 'fail',
    ...needed(slots),
  })),
  'starts on NODES stay unanswered for FOR': eachNode((node, slots) => ({
    kind: 'starts',
    node,
    mode: 'unknown',
    ...needed(slots),
  })),
  'guests of NODES are stuck for FOR': eachNode((node, slots) => ({ kind: 'stuck-guests', node, ...needed(slots) })),

  'kill GUESTS': eachGuest((guest) => ({ kind: 'kill-guest', guest })),
  'panic of GUESTS': eachGuest((guest) => ({ kind: 'guest-panic', guest })),
  'GUESTS hangs|hang [for FOR]': eachGuest((guest, slots) => ({ kind: 'guest-hang', guest, ...forMs(slots) })),
  'the next N starts|start of GUESTS crash|crashes': eachGuest((guest, { N }) => ({
    kind: 'crash-loop',
    guest,
    times: N,
  })),

  'isolate NODES [for FOR]': eachNode((node, slots) => ({ kind: 'isolate', node, ...forMs(slots) })),
  'reconnect NODES': eachNode((node) => ({ kind: 'rejoin', node })),
  'cut from NODES to TO [for FOR]': cut(1),
  'cut both ways from NODES to TO [for FOR]': cut(2),
  'heal from NODES to TO': heal(1),
  'heal both ways from NODES to TO': heal(2),
  'link of NODES flaps every MS for FOR': eachNode((node, slots) => ({
    kind: 'flap',
    node,
    periodMs: slots.MS,
    ...needed(slots),
  })),
  'control network down for FOR': (slots) => [{ kind: 'control-network-down', ...needed(slots) }],
  'bad network [of NODES] with [RATIO loss] [,] [TWICE duplicates] [,] [MS delay] [,] [JITTER jitter] for FOR': (
    slots,
  ) => {
    const how = {
      lossRatio: slots.RATIO ?? 0,
      duplicateRatio: slots.TWICE ?? 0,
      delayMs: slots.MS ?? 0,
      jitterMs: slots.JITTER ?? 0,
      ...needed(slots),
    };
    const nodes = slots.NODES as Slots['NODES'] | undefined;
    return nodes ? nodes.map((node) => ({ kind: 'bad-network', node, ...how })) : [{ kind: 'bad-network', ...how }];
  },

  'bmc of NODES is dead [for FOR]': bmc('dead'),
  'bmc of NODES is slow [for FOR]': bmc('slow'),
  'bmc of NODES ignores commands [for FOR]': bmc('ignores'),
  'bmc of NODES lies [for FOR]': bmc('lies'),
  'bmc of NODES is alive': bmc('alive'),

  'the disk of NODES is ruined': eachNode((node) => ({ kind: 'disk-ruined', node })),
  'the firmware of NODES tries the network first': eachNode((node) => ({ kind: 'network-first', node })),
  'the disk of NODES is exchanged': eachNode((node) => ({ kind: 'disk-exchanged', node })),
  'the next N installers|installer on NODES hang|hangs': eachNode((node, { N }) => ({
    kind: 'installer-hangs',
    node,
    times: N,
  })),
  'the next N network boots|boot of NODES end|ends at its disk': eachNode((node, { N }) => ({
    kind: 'pxe-ignored',
    node,
    times: N,
  })),
  'the next ticket of NODES is stolen': eachNode((node) => ({ kind: 'ticket-stolen', node })),
  'NODES joins|join by hand': eachNode((node) => ({ kind: 'join', node })),
  'the address of NODES is forged': eachNode((node) => ({ kind: 'mac-forged', node })),
  'NODES serves|serve no images for FOR': eachNode((node, slots) => ({
    kind: 'image-server-down',
    node,
    ...needed(slots),
  })),

  'nats-server of NODES is down for FOR': eachNode((node, slots) => ({ kind: 'server-down', node, ...needed(slots) })),
  'the log stalls for FOR': (slots) => [{ kind: 'log-stall', ...needed(slots) }],
  'the log loses its last N entries|entry': ({ N }) => [{ kind: 'log-rollback', entries: N }],
  'the log loses RATIO of its acknowledgements for FOR': (slots) => [
    { kind: 'lost-acks', ratio: slots.RATIO, ...needed(slots) },
  ],
  'reads of the log are MS old for FOR': (slots) => [{ kind: 'stale-reads', lagMs: slots.MS, ...needed(slots) }],

  'clock of NODES runs RATIO fast': eachNode((node, { RATIO }) => ({ kind: 'clock-drift', node, ratio: RATIO })),
  'clock of NODES runs RATIO slow': eachNode((node, { RATIO }) => ({ kind: 'clock-drift', node, ratio: -RATIO })),
  'clock of NODES jumps MS ahead': eachNode((node, { MS }) => ({ kind: 'clock-step', node, byMs: MS })),
  'clock of NODES jumps MS back': eachNode((node, { MS }) => ({ kind: 'clock-step', node, byMs: -MS })),

  'operator [at NODE] : freeze [because TEXT]': order(({ TEXT }) => [{ kind: 'freeze', by, reason: TEXT ?? 'drill' }]),
  'operator [at NODE] : thaw': order(() => [{ kind: 'thaw', by }]),
  'operator [at NODE] : release the brake': order(() => [{ kind: 'release-brake', by }]),
  'operator [at NODE] : step down': order(() => [{ kind: 'step-down', by }]),
  'operator [at NODE] : fence HOSTS [because TEXT]': order(({ HOSTS, TEXT }) =>
    HOSTS.map((host) => ({ kind: 'fence', host, by, reason: TEXT ?? 'drill' })),
  ),
  // The digest of the plan is filled in when it is given.
  'operator [at NODE] : reinstall HOSTS [because TEXT]': order(installs('install')),
  'operator [at NODE] : rehearse the installation of HOSTS [because TEXT]': order(installs('dry-run')),
  'operator [at NODE] : rescue HOSTS [because TEXT]': order(installs('rescue')),
  'operator [at NODE] : veto the installation of HOSTS': order(({ HOSTS }) =>
    HOSTS.map((host) => ({ kind: 'veto-reinstall', host, by })),
  ),
  'operator [at NODE] : ticket for HOSTS [because TEXT]': order(({ HOSTS, TEXT }) =>
    HOSTS.map((host) => ({ kind: 'offer-join', host, key: ticketKey(host), by, reason: TEXT ?? 'drill' })),
  ),
  'operator [at NODE] : publish image NAME N': order(({ NAME, N }) => [
    { kind: 'publish-image', name: NAME, version: N, manifest: digestOf(N), by },
  ]),
  // The life, the key and the signature are filled in when it is given.
  'operator [at NODE] : confirm HOSTS off [having checked TEXT]': order(({ HOSTS, TEXT }) =>
    HOSTS.map((host) => ({
      kind: 'confirm-off',
      host,
      counter: 0,
      by,
      checked: TEXT ?? 'it is dark',
      key: '',
      signature: '',
    })),
  ),
  'operator [at NODE] : start GUESTS': order(({ GUESTS }) =>
    GUESTS.map((guest) => ({ kind: 'set-desired', guest, desired: 'running', by })),
  ),
  'operator [at NODE] : stop GUESTS': order(({ GUESTS }) =>
    GUESTS.map((guest) => ({ kind: 'set-desired', guest, desired: 'stopped', by })),
  ),
  'operator [at NODE] : migrate GUESTS [to HOST]': order(({ GUESTS, HOST }) =>
    GUESTS.map((guest) => ({ kind: 'migrate', guest, to: HOST ?? null, by })),
  ),
  'operator [at NODE] : maintenance HOSTS': order(({ HOSTS }) =>
    HOSTS.map((host) => ({ kind: 'maintenance', host, on: true, drain: true, by })),
  ),
  'operator [at NODE] : maintenance HOSTS keeping guests': order(({ HOSTS }) =>
    HOSTS.map((host) => ({ kind: 'maintenance', host, on: true, by })),
  ),
  'operator [at NODE] : end maintenance HOSTS': order(({ HOSTS }) =>
    HOSTS.map((host) => ({ kind: 'maintenance', host, on: false, by })),
  ),
};

export const FAULT_PHRASES: readonly Phrase<readonly Fault[]>[] = Object.entries(PATTERNS).map(([pattern, make]) =>
  phrase(pattern, make),
);
