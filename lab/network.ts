/**
 * The switches: one bridge for the control network, one for guests, BMCs, storage and migration. The namespace this
 * runs in *is* the switch side; each node has a port on either bridge. Faults that belong to the network stay with the
 * ports and outlive a node's boots.
 */
import { sh } from './exec.ts';
import type { LabNode } from './layout.ts';

export type Wire = 'control' | 'data';
const WIRES: readonly Wire[] = ['control', 'data'];
export const BRIDGE = { control: 'swctl', data: 'swdat' } as const;
const SWITCH_MAC = { control: '02:00:0a:4e:00:01', data: '02:00:0a:4d:00:01' } as const;
export const portOf = (node: LabNode, wire: Wire) => `${wire === 'control' ? 'c' : 'd'}-${node.name}`;
const port = portOf;

type Trouble =
  | { readonly kind: 'cut'; readonly wire: Wire }
  /** So many packets of `from`, or of everybody, are lost on their way in. */
  | { readonly kind: 'deaf'; readonly from: LabNode | 'all'; readonly percent: number }
  | { readonly kind: 'slow'; readonly mbit: number };

export type Network = ReturnType<typeof createNetwork>;

export function createNetwork(nodes: readonly LabNode[]) {
  const troubles = new Map<string, Trouble[]>();
  /** Nodes whose namespace exists now. */
  const attached = new Map<string, LabNode>();
  const of = (node: LabNode) => troubles.get(node.name) ?? [];
  const inside = (node: LabNode, command: string, args: readonly string[]) =>
    sh('nsenter', [`--net=/run/netns/${node.name}`, command, ...args]);

  async function applyPort(node: LabNode, wire: Wire): Promise<void> {
    const cut = of(node).some((trouble) => trouble.kind === 'cut' && trouble.wire === wire);
    await sh('ip', ['link', 'set', port(node, wire), cut ? 'down' : 'up']);
  }

  async function applyFilters(node: LabNode): Promise<void> {
    if (node.machine)
      throw new Error(`the packets of ${node.name} cannot be dropped one by one: it has its own kernel`);
    await inside(node, 'iptables', ['-F']);
    for (const trouble of of(node)) {
      if (trouble.kind !== 'deaf') continue;
      const { from, percent } = trouble;
      const whose = from === 'all' ? ['!', '-i', 'lo'] : ['-s', `${from.control},${from.data}`];
      const chance = ['-m', 'statistic', '--mode', 'random', '--probability', String(percent / 100)];
      await inside(node, 'iptables', ['-A', 'INPUT', ...whose, ...(percent < 100 ? chance : []), '-j', 'DROP']);
    }
  }

  async function applySpeed(node: LabNode): Promise<void> {
    const slow = of(node).find((trouble) => trouble.kind === 'slow');
    const queue = ['qdisc', slow ? 'replace' : 'del', 'dev', port(node, 'data'), 'root'];
    const limit = slow ? ['tbf', 'rate', `${slow.mbit}mbit`, 'burst', '64kb', 'latency', '400ms'] : [];
    await sh('tc', [...queue, ...limit]).catch((error: unknown) => {
      if (slow) throw error;
    });
  }

  async function add(node: LabNode, ...more: Trouble[]): Promise<void> {
    troubles.set(node.name, [...of(node), ...more]);
    if (!attached.has(node.name)) return;
    for (const wire of WIRES) await applyPort(node, wire);
    if (more.some((trouble) => trouble.kind === 'deaf')) await applyFilters(node);
    if (more.some((trouble) => trouble.kind === 'slow')) await applySpeed(node);
  }

  async function keepOnly(node: LabNode, keep: (trouble: Trouble) => boolean): Promise<void> {
    const [had, left] = [of(node), of(node).filter(keep)];
    troubles.set(node.name, left);
    if (had.length === left.length || !attached.has(node.name)) return;
    for (const wire of WIRES) await applyPort(node, wire);
    if (!node.machine) await applyFilters(node);
    await applySpeed(node);
  }

  /** Removes the stack of a node that is off. The cables go first: with the namespace alone they would go some time later. */
  async function detach(node: LabNode): Promise<void> {
    for (const wire of WIRES) await sh('ip', ['link', 'del', port(node, wire)]).catch(() => {});
    await sh('ip', ['netns', 'del', node.name]).catch(() => {});
  }

  /** A machine has its own network stack; here it has only its two cables. */
  async function attachMachine(node: LabNode): Promise<void> {
    const cables = WIRES.flatMap((wire) => [
      `tuntap add dev ${port(node, wire)} mode tap`,
      `link set ${port(node, wire)} master ${BRIDGE[wire]}`,
    ]);
    await sh('ip', ['-batch', '-'], { input: cables.join('\n') });
    attached.set(node.name, node);
    for (const wire of WIRES) await applyPort(node, wire);
    await applySpeed(node);
  }

  return {
    /** `routed`: the control network has an IPv6 router, as machines that boot from it expect. */
    async build(routed = false): Promise<void> {
      const lines = [
        'link set lo up',
        ...WIRES.flatMap((wire) => [
          // Left to itself a bridge takes the address of one of its ports, another one when that port goes. A guest that
          // comes back behind another port is found within a second, not after five minutes.
          `link add ${BRIDGE[wire]} address ${SWITCH_MAC[wire]} type bridge ageing_time 100 forward_delay 0 mcast_snooping 0`,
          `link set ${BRIDGE[wire]} up`,
        ]),
        `addr add 10.78.0.1/24 dev ${BRIDGE.control}`,
        `addr add 10.77.0.1/24 dev ${BRIDGE.data}`,
        ...(routed ? [`addr add fd78::1/64 dev ${BRIDGE.control} nodad`] : []),
      ];
      await sh('ip', ['-batch', '-'], { input: lines.join('\n') });
    },

    /** A fresh network stack for a node that is about to boot, plugged in where no fault says otherwise. */
    async attach(node: LabNode): Promise<void> {
      await detach(node);
      if (node.machine) return attachMachine(node);
      await sh('ip', ['netns', 'add', node.name]);
      const outside = WIRES.flatMap((wire) => [
        `link add ${port(node, wire)} type veth peer name ${wire === 'control' ? 'ctl' : 'dat'} netns ${node.name}`,
        `link set ${port(node, wire)} master ${BRIDGE[wire]}`,
      ]);
      const within = [
        'link set lo up',
        `link add br0 address 02:00:0a:4d:00:${node.number} type bridge ageing_time 100 forward_delay 0 mcast_snooping 0`,
        'link set dat master br0 up',
        `addr add ${node.data}/24 dev br0`,
        'link set br0 up',
        `addr add ${node.control}/24 dev ctl`,
        'link set ctl up',
      ];
      await sh('ip', ['-batch', '-'], { input: outside.join('\n') });
      await sh('ip', ['-n', node.name, '-batch', '-'], { input: within.join('\n') });
      attached.set(node.name, node);
      for (const wire of WIRES) await applyPort(node, wire);
      if (of(node).length > 0) {
        await applyFilters(node);
        await applySpeed(node);
      }
    },

    /** Pulls both cables. A node whose processes are dead still has a kernel here, and that would answer for them. */
    async unplug(node: LabNode): Promise<void> {
      if (!attached.delete(node.name)) return;
      await sh('ip', ['-batch', '-'], { input: WIRES.map((wire) => `link set ${port(node, wire)} down`).join('\n') });
    },
    detach,

    cut: (node: LabNode, wires: readonly Wire[]) => add(node, ...wires.map((wire) => ({ kind: 'cut', wire }) as const)),
    /** Ends what `deafen` began. */
    hear: (node: LabNode, from: LabNode) =>
      keepOnly(node, (trouble) => trouble.kind !== 'deaf' || trouble.from !== from || trouble.percent < 100),
    deafen: (node: LabNode, from: LabNode) => add(node, { kind: 'deaf', from, percent: 100 }),
    /** Lost on the way in, here and at everybody else: a packet dropped on the way out would be noticed by its sender. */
    async lose(node: LabNode, percent: number): Promise<void> {
      await add(node, { kind: 'deaf', from: 'all', percent });
      for (const other of nodes) if (other !== node) await add(other, { kind: 'deaf', from: node, percent });
    },
    slow: (node: LabNode, mbit: number) => add(node, { kind: 'slow', mbit }),
    async heal(node: LabNode): Promise<void> {
      await keepOnly(node, () => false);
      for (const other of nodes) await keepOnly(other, (trouble) => trouble.kind !== 'deaf' || trouble.from !== node);
    },
    /** For people: what is wrong with this node's network now. */
    troubles: (node: LabNode): string[] =>
      of(node).map((trouble) => {
        if (trouble.kind === 'cut') return `${trouble.wire} cut`;
        if (trouble.kind === 'slow') return `${trouble.mbit} Mbit/s`;
        return `loses ${trouble.percent} % of what ${trouble.from === 'all' ? 'comes in' : `${trouble.from.name} sends`}`;
      }),

    /** A BMC is plugged into the switch by itself: it answers whatever its host's own links do. */
    plugBmc: (node: LabNode) => sh('ip', ['addr', 'add', `${node.bmc}/24`, 'dev', BRIDGE.data]),
    unplugBmc: (node: LabNode) => sh('ip', ['addr', 'del', `${node.bmc}/24`, 'dev', BRIDGE.data]),
  };
}
