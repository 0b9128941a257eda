/** What each incident does to the world, at its beginning and at its end. */
import type { Fault } from '../faults.ts';
import type { SimNode, Simulation } from '../simulation.ts';
import { domainsOf, type Incident } from './incidents.ts';
import { KINDS, type KindName } from './rates.ts';

export interface Act {
  readonly begin: () => void;
  /** Also called when it is over at once: then there is nothing left to do. */
  readonly end: () => void;
  /** Virtual time has to run while it lasts: the world itself ends it. */
  readonly timed: boolean;
  /** Hosts that are really ill, switched off or out of reach meanwhile: to fence one of these is no mistake. */
  readonly ill: readonly string[];
}

type BmcMode = Extract<Fault, { kind: 'bmc' }>['mode'];

const SLOWEST_WRITE_MS = 3_000;
const FLAP_MS = 5_000;
/** Longer than any story: what stands still is reset, never thawed. */
const FOR_EVER_MS = 1e12;
const HURTS: ReadonlySet<KindName> = new Set<KindName>([
  'host-dead',
  'host-power',
  'kernel-panic',
  'host-hang',
  'disk-stall',
  'link-down',
  'link-flap',
  'storage-path',
  'rack-network',
  'rack-power',
  'site-power',
  'storage-outage',
]);

const TIMED: ReadonlySet<KindName> = new Set<KindName>([
  'disk-stall',
  'link-flap',
  'storage-path',
  'storage-outage',
  'libvirt-hang',
  'server-crash',
  'log-stall',
]);

/** A hung guest still writes, so the world cannot tell: `hangs` is told, and knows whether it was restarted since. */
export function createScript(
  sim: Simulation,
  hangs: { hang(guest: string): void; hung(guest: string): boolean },
): (incident: Incident) => Act {
  const { spec } = sim;
  const everyNode = Object.keys(sim.nodes);
  const everyHost = Object.keys(spec.hosts);
  const domains = domainsOf(spec);
  const bmcs = new Map<string, BmcMode[]>();

  /** Several troubles of one BMC at a time: a dead one is dead, whatever else it would do. */
  const setBmc = (node: string) => {
    if (!spec.hosts[node]) return;
    const modes = bmcs.get(node) ?? [];
    sim.inject({ kind: 'bmc', node, mode: modes.includes('dead') ? 'dead' : (modes.at(-1) ?? 'alive') });
  };
  const troubleBmc = (node: string, mode: BmcMode) => {
    bmcs.set(node, [...(bmcs.get(node) ?? []), mode]);
    setBmc(node);
  };
  const healBmc = (node: string, mode: BmcMode) => {
    const modes = [...(bmcs.get(node) ?? [])];
    modes.splice(modes.indexOf(mode), 1);
    bmcs.set(node, modes);
    setBmc(node);
  };
  /** Without power for this many reasons. */
  const dark = new Map<string, number>();
  /** Whoever repairs a host and finds it off, because somebody had to switch it off, switches it on. */
  const lightUp = (node: string) => {
    if ((dark.get(node) ?? 0) === 0) sim.inject({ kind: 'power-on', node });
  };
  const noPower = (nodes: readonly string[], bmc: BmcMode) => ({
    begin() {
      for (const node of nodes) {
        dark.set(node, (dark.get(node) ?? 0) + 1);
        troubleBmc(node, bmc);
        sim.inject({ kind: 'power-loss', node });
      }
    },
    end() {
      for (const node of nodes) {
        dark.set(node, dark.get(node)! - 1);
        healBmc(node, bmc);
        lightUp(node);
      }
    },
  });
  const noLink = (nodes: readonly string[]) => ({
    begin: () => nodes.forEach((node) => void sim.inject({ kind: 'isolate', node })),
    end: () => nodes.forEach((node) => void sim.inject({ kind: 'rejoin', node })),
  });
  const once = (...faults: Fault[]) => ({ begin: () => faults.forEach(sim.inject), end() {} });

  const act = ({ kind, subject: node, lastsMs: forMs, degree }: Incident): Pick<Act, 'begin' | 'end'> => {
    switch (kind) {
      case 'host-dead':
        return noPower([node], 'ignores');
      case 'host-power':
        return noPower([node], 'dead');
      case 'rack-power':
        return noPower(domains.get(node) ?? [], 'dead');
      case 'site-power':
        return noPower(everyNode, 'dead');
      case 'kernel-panic':
        // A machine that is only just booting has no kernel to lose.
        return { begin: () => sim.nodes[node]!.powered() && sim.inject({ kind: 'kernel-panic', node }), end() {} };
      case 'host-hang':
        return {
          begin: () => sim.inject({ kind: 'freeze', node, forMs: FOR_EVER_MS }),
          end() {
            if (stands(sim.nodes[node]!)) sim.inject({ kind: 'kernel-panic', node });
            else lightUp(node);
          },
        };
      case 'disk-stall':
        return once({ kind: 'slow-disk', node, writeMs: Math.round(200 + degree * (SLOWEST_WRITE_MS - 200)), forMs });
      case 'link-down': {
        const { begin, end } = noLink([node]);
        return {
          begin,
          end() {
            end();
            lightUp(node);
          },
        };
      }
      case 'rack-network':
        return noLink(domains.get(node) ?? []);
      case 'control-network':
        return noLink(everyNode);
      case 'link-flap':
        return once({ kind: 'flap', node, periodMs: FLAP_MS, forMs });
      case 'bmc-dead':
        return { begin: () => troubleBmc(node, 'dead'), end: () => healBmc(node, 'dead') };
      case 'storage-path':
        return once({ kind: 'storage-loss', node, forMs });
      case 'storage-outage':
        return once(...everyHost.map((host) => ({ kind: 'storage-loss', node: host, forMs }) as const));
      case 'libvirt-hang':
        return once({ kind: 'libvirt', node, mode: 'hung', forMs });
      case 'daemon-crash':
        return once({ kind: 'kill-daemon', node });
      case 'server-crash':
        return once({ kind: 'server-down', node, forMs });
      case 'log-stall':
        return once({ kind: 'log-stall', forMs });
      case 'planned-reboot':
        return once();
      case 'qemu-crash':
        return once({ kind: 'kill-guest', guest: node });
      case 'guest-panic':
        return once({ kind: 'guest-panic', guest: node });
      case 'guest-hang':
        return {
          begin() {
            hangs.hang(node);
            sim.inject({ kind: 'guest-hang', guest: node });
          },
          // A person has noticed and resets it; one that was restarted meanwhile is not touched.
          end: () => hangs.hung(node) && sim.inject({ kind: 'kill-guest', guest: node }),
        };
    }
  };

  return (incident) => {
    const { kind, subject } = incident;
    const { per } = KINDS[kind];
    const touched = per === 'domain' ? (domains.get(subject) ?? []) : per === 'cluster' ? everyHost : [subject];
    return { ...act(incident), timed: TIMED.has(kind), ill: HURTS.has(kind) ? touched : [] };
  };
}

const stands = (node: SimNode) => node.powered() && !node.awake();
