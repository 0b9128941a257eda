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

/** `http://ADDRESS:PORT` of each node whose address is in the provisioning network: nodes that serve images, as far as the cluster file tells. `but`: not this one. */
export function imageSources({ provisioning, hosts, arbiters }: ClusterSpec, but?: string): string[] {
  if (!provisioning) return [];
  return Object.entries({ ...hosts, ...arbiters })
    .flatMap(([name, { address }]) => (name === but ? [] : [address]))
    .filter((address) => isWithin(provisioning.network, address))
    .map((address) => `http://${address}:${provisioning.port}`)
    .slice(0, 32);
}
