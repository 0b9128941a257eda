/**
 * What this node is to machines that boot from the network: dnsmasq, HTTP, and the images it keeps. It is there while this
 * node has an address in the provisioning network, and whatever fails of it is said and tried again: the rest of the node
 * does not need it.
 */
import { mkdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { isWithin, sourcesByNode } from '../machines/sources.ts';
import type { ClusterSpec, ProvisioningSpec } from '../machines/spec.ts';
import { type Dnsmasq, startDnsmasq } from '../pxe/server/dnsmasq.ts';
import type { NetBootPlace } from '../pxe/server/dnsmasq-config.ts';
import { serveBoot } from '../pxe/server/http.ts';
import { createImages } from '../pxe/server/images.ts';
import { findForeignBoot } from '../pxe/server/rogue.ts';
import type { ForeignBoot } from '../services/agent/foreign-boot.ts';
import { every } from '../services/every.ts';
import type { ArmedMachine, Bus, Clock, NetBoot, Say, Signer, Verify } from '../services/ports.ts';
import { addresses } from '../services/protocol.ts';

const TEND_MS = 3_000;
const PROBE_MS = 60_000;
const FETCH_MS = 60_000;
/** A leader writes an entry before it answers. */
const ASK_MS = 8_000;

export interface ProvisioningParts {
  readonly node: string;
  readonly spec: ClusterSpec;
  /** What must survive a restart, and what must not. */
  readonly state: string;
  readonly run: string;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly say: Say;
  readonly signer: Signer;
  readonly verify: Verify;
  /** Digests of the images that this node should have. */
  readonly published: () => readonly string[];
}

export interface Provisioning {
  readonly netBoot: NetBoot;
  readonly foreignBoot: ForeignBoot;
  stop(): Promise<void>;
}

/** Null: the cluster installs no machines. */
export function startProvisioning(parts: ProvisioningParts): Provisioning | null {
  const { spec, node, state, clock, bus, say } = parts;
  const { provisioning } = spec;
  if (!provisioning) return null;
  const own = { ...spec.hosts, ...spec.arbiters }[node]?.provisioningAddress;
  const store = join(state, 'images');
  mkdirSync(store, { recursive: true, mode: 0o700 });
  const images = createImages({ directory: store, keys: Object.values(provisioning.imageKeys), verify: parts.verify });
  const over = new AbortController();
  const saidOnce = onChange();
  const ignored = new Set<(mac: string) => void>();
  let armed: readonly ArmedMachine[] = [];
  let running: { place: NetBootPlace; dnsmasq: Dnsmasq; close: () => Promise<void> } | null = null;
  let found: ReadonlySet<string> | undefined;

  const hostOf = (mac: string) => armed.find(({ macs }) => macs.includes(mac))?.host;

  const begin = async (place: NetBootPlace) => {
    const urls = urlsOf(spec, node, place.address);
    const close = await serveBoot({
      node,
      address: place.address,
      port: place.port,
      urls,
      signer: parts.signer,
      images,
      installer: join(state, 'installer'),
      ask: (request) => bus.request(addresses.provision(node), request, ASK_MS),
      say,
    });
    try {
      const dnsmasq = await startDnsmasq({
        place,
        directory: netBootDirectory(parts.run),
        say,
        discovered: (mac) => say.info('an armed machine asks for its network boot', { host: hostOf(mac), mac }),
        ignored: (mac) => {
          for (const listener of ignored) listener(mac);
        },
        unknown: (mac) =>
          say.warn('a machine that is not armed asks for a network boot; has a network card been replaced?', { mac }),
      });
      dnsmasq.arm(armed);
      say.info('machines that boot from the network are answered', { interface: place.interface, url: urls[0] });
      return { place, dnsmasq, close };
    } catch (error) {
      await close();
      throw error;
    }
  };
  const end = async () => {
    const last = running;
    running = null;
    await last?.dnsmasq.stop();
    await last?.close();
  };

  const tend = async () => {
    try {
      const place = placeIn(provisioning, own);
      if (JSON.stringify(place) === JSON.stringify(running?.place ?? null)) return;
      await end();
      if (place && !over.signal.aborted) running = await begin(place);
      if (saidOnce('place', place ? '' : 'none') && !place)
        say.warn('this node has no address in the provisioning network and answers nobody there', {
          network: provisioning.network,
        });
      await probe();
    } catch (error) {
      const reason = reasonOf(error);
      if (saidOnce('place', reason))
        say.error('machines that boot from the network are not answered by this node; tried again', { reason });
    }
  };

  const probe = async () => {
    if (!running) {
      found = undefined;
      return;
    }
    try {
      const addresses = await findForeignBoot({ broadcast: broadcastOf(provisioning.network) });
      saidOnce('probe', '');
      for (const address of addresses)
        if (!found?.has(address))
          say.error('somebody else answers network boots: a machine might be given what is not ours', { address });
      found = new Set(addresses);
    } catch (error) {
      const reason = reasonOf(error);
      if (saidOnce('probe', reason)) say.warn('foreign network boots cannot be looked for', { reason });
    }
  };

  const fetchAll = async () => {
    const others = urlsOf(spec, node, null);
    for (const digest of parts.published()) {
      try {
        if ((await images.fetchMissing(digest, others, over.signal)) === 'fetched')
          say.info('image fetched from another node', { digest });
        saidOnce(digest, '');
      } catch (error) {
        if (over.signal.aborted) return;
        const reason = reasonOf(error);
        if (saidOnce(digest, reason)) say.warn('an image is missing on this node; tried again', { digest, reason });
      }
    }
  };

  const loops = [repeat(clock, TEND_MS, tend), repeat(clock, PROBE_MS, probe), repeat(clock, FETCH_MS, fetchAll)];
  return {
    netBoot: {
      arm(machines) {
        armed = machines;
        running?.dnsmasq.arm(machines);
      },
      onIgnored(listener) {
        ignored.add(listener);
        return () => ignored.delete(listener);
      },
    },
    foreignBoot() {
      if (found === undefined) return running ? undefined : null;
      return found.size === 0 ? null : `${[...found].join(' and ')} answers network boots too`;
    },
    async stop() {
      over.abort();
      await Promise.all(loops.map((stop) => stop()));
      await end();
    },
  };
}

/** As `every`; its end waits for what is under way. */
function repeat(clock: Clock, periodMs: number, task: () => Promise<void>): () => Promise<void> {
  let working = Promise.resolve();
  const end = every(clock, periodMs, () => {
    working = task();
    return working;
  });
  return () => {
    end();
    return working;
  };
}

/** dnsmasq's user must get there, and may not pass through the private RUN. */
export const netBootDirectory = (run: string): string => `${resolve(run)}-netboot`;

/** This node's place in the provisioning network; null when it has no address there. `own`: the address, where the cluster file gives it. */
export function placeIn(
  { network, port }: Pick<ProvisioningSpec, 'network' | 'port'>,
  own: string | undefined,
  interfaces = networkInterfaces(),
): NetBootPlace | null {
  for (const [name, entries] of Object.entries(interfaces))
    for (const { family, address } of entries ?? [])
      if (family === 'IPv4' && isWithin(network, address) && (own === undefined || own === address)) {
        const { base, mask } = partsOf(network);
        return { interface: name, address, network: dotted(base), netmask: dotted(mask), port };
      }
  return null;
}

/** `http://ADDRESS:PORT` of `own`, if given, and of every other node whose address is in the provisioning network. */
export function urlsOf(spec: ClusterSpec, node: string, own: string | null): readonly string[] {
  const sources = new Map(sourcesByNode(spec));
  sources.delete(node);
  return [...(own === null ? [] : [`http://${own}:${spec.provisioning!.port}`]), ...sources.values()];
}

export function broadcastOf(network: string): string {
  const { base, mask } = partsOf(network);
  return dotted((base | ~mask) >>> 0);
}

function partsOf(network: string): { base: number; mask: number } {
  const [address, bits] = network.split('/') as [string, string];
  const mask = bits === '0' ? 0 : (0xffffffff << (32 - Number(bits))) >>> 0;
  return { base: (numberOf(address) & mask) >>> 0, mask };
}
const numberOf = (address: string): number =>
  address.split('.').reduce((number, part) => ((number << 8) | Number(part)) >>> 0, 0);
const dotted = (number: number): string => [24, 16, 8, 0].map((by) => (number >>> by) & 255).join('.');

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** True when `about` is told for the first time, or tells something new: what fails every minute is said once. */
function onChange(): (about: string, what: string) => boolean {
  const last = new Map<string, string>();
  return (about, what) => {
    const isNew = (last.get(about) ?? '') !== what;
    if (what === '') last.delete(about);
    else last.set(about, what);
    return isNew;
  };
}
