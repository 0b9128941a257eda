/** What a running nats-server really does, from its monitoring endpoint: what was asked for in a file proves nothing. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { failure, type RekindleError } from '../../services/errors.ts';
import { isTooOld, LEAST_VERSION } from './version.ts';

const varzSchema = z.object({
  server_name: z.string(),
  version: z.string(),
  jetstream: z
    .object({
      config: z.object({ sync_always: z.boolean().optional(), sync_interval: z.number().optional() }).optional(),
      meta: z.object({ leader: z.string().optional(), cluster_size: z.number().optional() }).optional(),
    })
    .optional(),
});

export interface RunningServer {
  readonly name: string;
  readonly version: string;
  readonly jetStream: boolean;
  /** Every acknowledged entry is on disk first. */
  readonly syncAlways: boolean;
  /** `always`, or the seconds between two syncs. */
  readonly syncInterval: string;
  /** JetStream servers known to this one, itself included; 0 where it is not clustered. */
  readonly clusterSize: number;
  /** Server that leads JetStream's own bookkeeping; null during an election. */
  readonly metaLeader: string | null;
}

/** `url` such as `http://127.0.0.1:8222`. Throws NATS_UNREADABLE. */
export async function readServer(url: string): Promise<RunningServer> {
  try {
    // Not fetch(): to load what it is made of is a good part of the daemon's start.
    const asking = get(new URL('/varz', url), { agent: false, signal: AbortSignal.timeout(1_000) });
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    const { server_name, version, jetstream } = varzSchema.parse(await json(response));
    const { config, meta } = jetstream ?? {};
    const syncAlways = config?.sync_always === true;
    return {
      name: server_name,
      version,
      jetStream: config !== undefined,
      syncAlways,
      syncInterval: syncAlways ? 'always' : `${(config?.sync_interval ?? 0) / 1e9} s`,
      clusterSize: meta?.cluster_size ?? 0,
      metaLeader: meta?.leader || null,
    };
  } catch (cause) {
    const reason =
      cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(cause);
    throw failure('NATS_UNREADABLE', { url, reason }, cause);
  }
}

/**
 * Refuses (throws) what could break the log; returns what only weakens it, for people to see: DURABILITY_DEGRADED.
 * `voter`: this server must keep a replica.
 */
export function judgeServer(server: RunningServer, voter: boolean, where: string): RekindleError | null {
  if (isTooOld(server.version)) throw failure('NATS_TOO_OLD', { found: server.version, where, needed: LEAST_VERSION });
  if (!voter) return null;
  if (!server.jetStream) throw failure('NATS_WITHOUT_JETSTREAM', { server: server.name });
  return server.syncAlways ? null : failure('DURABILITY_DEGRADED', { server: server.name, found: server.syncInterval });
}
