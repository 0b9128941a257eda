import type { ClusterSpec } from './spec.ts';

const bits = (address: string): number | null => {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return parts.reduce((all, part) => all * 256 + part, 0);
};

/** Is the IPv4 address in the network, `10.0.0.0/24`? */
export function isWithin(network: string, address: string): boolean {
  const [base, length] = network.split('/');
  const [of, at] = [bits(base ?? ''), bits(address)];
  if (of === null || at === null) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(of / size) === Math.floor(at / size);
}

/** `http://ADDRESS:PORT` of each node with an address in the provisioning network, by its name: as far as the cluster file tells. */
export function sourcesByNode({ provisioning, hosts, arbiters }: ClusterSpec): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  if (!provisioning) return sources;
  for (const [node, { address, provisioningAddress }] of Object.entries({ ...hosts, ...arbiters })) {
    const there = provisioningAddress ?? address;
    if (isWithin(provisioning.network, there)) sources.set(node, `http://${there}:${provisioning.port}`);
  }
  return sources;
}

/** Of all such nodes, but for one: each of them serves images. */
export const imageSources = (spec: ClusterSpec, but?: string): string[] =>
  [...sourcesByNode(spec)].flatMap(([node, url]) => (node === but ? [] : [url])).slice(0, 32);
