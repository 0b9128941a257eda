/** The nats-server configuration of one node, as text, made from the cluster file and the public keys. */
import { join } from 'node:path';
import type { ClusterSpec } from '../../machines/spec.ts';
import { fail } from '../../services/errors.ts';
import type { Role } from '../keys/identities.ts';
import type { NodeKeys } from '../keys/load.ts';
import type { ServerAddress } from './connections.ts';
import { adminPermissions, monitorPermissions, permissionsOf } from './subjects.ts';

export interface Ports {
  readonly client: number;
  readonly cluster: number;
  /** Always on 127.0.0.1. */
  readonly monitoring: number;
}
export const PORTS: Ports = { client: 4222, cluster: 6222, monitoring: 8222 };

/**
 * For a handshake, on either side of it. A daemon that is just starting on a slow machine holds up its own answers for
 * seconds: given up sooner, by either end, all handshakes begin again and again, and none is ever done.
 */
export const HANDSHAKE_MS = 10_000;

export interface ServerPlan {
  readonly spec: ClusterSpec;
  readonly node: string;
  readonly keys: NodeKeys;
  /** Holds `nats.conf`, `store/`, `nats.log`, `nats.pid`. */
  readonly directory: string;
  /** Of each node; {@link PORTS} unless several nodes share one address. */
  readonly portsOf?: (node: string) => Ports;
}

export const filesOf = (directory: string) => ({
  config: join(directory, 'nats.conf'),
  store: join(directory, 'store'),
  log: join(directory, 'nats.log'),
  pid: join(directory, 'nats.pid'),
});

export const serverAddress = (spec: ClusterSpec, node: string): string => {
  const found = spec.hosts[node] ?? spec.arbiters[node];
  if (!found) throw new RangeError(`${node} is no node of cluster ${spec.cluster}`);
  return found.address;
};

/** JetStream does not work in a NATS cluster with fewer than two of its servers. */
export const isClustered = (spec: ClusterSpec): boolean => spec.voters.length > 1;

/** Every node runs a nats-server; with one voter only that one does, and the others are its clients. */
export const runsServer = (spec: ClusterSpec, node: string): boolean => isClustered(spec) || spec.voters.includes(node);

/** The two servers a node connects to: its own and that of the next node by name; with one voter, that voter's. */
export function serversFor(
  spec: ClusterSpec,
  node: string,
  portsOf: (node: string) => Ports = () => PORTS,
): ServerAddress[] {
  const all = nodesOf(spec).filter((name) => runsServer(spec, name));
  const own = all.indexOf(node);
  const chosen = own < 0 ? all.slice(0, 2) : [all[own]!, all[(own + 1) % all.length]!];
  return [...new Set(chosen)].map((name) => ({
    node: name,
    address: serverAddress(spec, name),
    port: portsOf(name).client,
  }));
}

export const nodesOf = (spec: ClusterSpec): string[] =>
  [...Object.keys(spec.hosts), ...Object.keys(spec.arbiters)].sort();

/**
 * Why these values: a route or client that stays silent is dropped after (ping_max + 1) × ping_interval = 3 s, and a
 * lost route is dialled again every second, which are the shortest that do not mistake a busy machine for a dead one.
 * A server that cannot write to a peer for 2 s drops it rather than buffer. JetStream syncs before it acknowledges.
 * Throws KEYS_MISSING for a node without identities, save a host that is yet to be installed: its keys come from the log.
 */
export function serverConfig({ spec, node, keys, directory, portsOf = () => PORTS }: ServerPlan): string {
  const ports = portsOf(node);
  const files = filesOf(directory);
  const address = serverAddress(spec, node);
  // To the voters only: JetStream counts routes to know how many peers to expect.
  const routes = spec.voters
    .filter((voter) => voter !== node)
    .map((voter) => `tls://${hostPort(serverAddress(spec, voter), portsOf(voter).cluster)}`);
  const tls = (ca: string) =>
    `tls { cert_file: ${text(keys.tls.cert)}, key_file: ${text(keys.tls.key)}, ca_file: ${text(ca)}, verify: true, timeout: ${HANDSHAKE_MS / 1_000} }`;

  return `# Made by rekindled from the cluster file; edits are lost.
server_name: ${text(node)}
listen: ${text(hostPort(address, ports.client))}
http: ${text(hostPort('127.0.0.1', ports.monitoring))}
pid_file: ${text(files.pid)}
log_file: ${text(files.log)}
logfile_size_limit: 8MB
logfile_max_num: 3
max_payload: 8MB
max_connections: 4096
write_deadline: "2s"
ping_interval: "1s"
ping_max: 2
${tls(keys.clientCas)}
${
  isClustered(spec)
    ? `cluster {
  name: ${text(spec.cluster)}
  listen: ${text(hostPort(address, ports.cluster))}
  no_advertise: true
  ping_interval: "1s"
  ping_max: 2
  ${tls(keys.tls.ca)}
  routes: [${routes.map(text).join(', ')}]
}`
    : ''
}
${
  spec.voters.includes(node)
    ? `jetstream { store_dir: ${text(files.store)}, sync_interval: always, max_file_store: 8GB, max_memory_store: 64MB }`
    : ''
}
authorization {
  timeout: ${HANDSHAKE_MS / 1_000}
  users: [
${users(spec, keys).join('\n')}
  ]
}
`.replaceAll(/\n{2,}/g, '\n');
}

function users(spec: ClusterSpec, { identities }: NodeKeys): string[] {
  const of = (nodes: readonly string[], role: Role) =>
    nodes.flatMap((node) => {
      const keys = identities.nodes[node];
      if (keys) return [user(keys[role], permissionsOf(role, node, spec.cluster))];
      if (spec.hosts[node]?.machine && !spec.voters.includes(node)) return [];
      return fail('KEYS_MISSING', { file: 'identities.json', reason: `names no keys of ${node}` });
    });
  return [
    ...of(Object.keys(spec.hosts).sort(), 'agent'),
    ...of([...spec.voters].sort(), 'voter'),
    ...of(nodesOf(spec), 'controller'),
    user(identities.clients.monitor, monitorPermissions(spec.cluster)),
    user(identities.clients.admin, adminPermissions(spec.cluster)),
  ];
}

function user(
  nkey: string,
  may: { readonly publish: readonly string[]; readonly subscribe: readonly string[] },
): string {
  const list = (subjects: readonly string[]) => `{ allow: [${subjects.map(text).join(', ')}] }`;
  return `    { nkey: ${nkey}, permissions: { publish: ${list(may.publish)}, subscribe: ${list(may.subscribe)} } }`;
}

const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** A quoted string of nats-server's configuration language. */
function text(value: string): string {
  if (/["\\\n\r]/.test(value)) throw new RangeError(`cannot be written into a configuration: ${JSON.stringify(value)}`);
  return `"${value}"`;
}
