import type { ClusterSpec } from '../../machines/spec.ts';
import { serviceProbe } from '../probe/service-probe.ts';
import { nodesOf, PORTS, runsServer, serverAddress } from './server-config.ts';

/** As long as a client of ours waits for a server that it has never reached: this daemon has just started. */
const REACH_MS = 5_000;

/** Every other node with a nats-server: whether it takes a connection from here. */
export async function waysFrom(node: string, spec: ClusterSpec): Promise<Record<string, boolean>> {
  const others = nodesOf(spec).filter((other) => other !== node && runsServer(spec, other));
  const reached = others.map(
    async (other) => [other, await serviceProbe.tcp(serverAddress(spec, other), PORTS.client, REACH_MS)] as const,
  );
  return Object.fromEntries(await Promise.all(reached));
}
