/** The stream, reached over whichever connection works: publishing at an exact place and reading by place. */
import { JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Connections } from './connections.ts';
import { streamName } from './subjects.ts';

/**
 * Short, because a request sent while the stream has no leader is lost: the next one finds the new leader. A try may
 * safely be repeated, since the place and the bytes stay the same.
 */
const TRY_MS = 500;

/** `wrong last sequence`: by the leader's own count, and by the sequence it has in flight. */
const OCCUPIED = new Set([10071, 10164]);

export type Published =
  | { readonly kind: 'stored' }
  | { readonly kind: 'occupied' }
  | { readonly kind: 'unclear'; readonly reason: string };

export interface Stream {
  /** One try. `occupied`: something is, or is about to be, at `seq`, maybe these very bytes. */
  publish(subject: string, bytes: Uint8Array, seq: number, id: string): Promise<Published>;
  /** What the stream's leader holds at `seq`; null when nothing. Rejects when no leader answers. */
  at(seq: number): Promise<Uint8Array | null>;
  lastSeq(): Promise<number>;
}

export function openStream(connections: Connections, cluster: string): Stream {
  const name = streamName(cluster);
  let preferred = 0;

  /** Nearest server first; one that failed is left for the other until that fails too. */
  async function once<T>(attempt: (connection: NatsConnection) => Promise<T>): Promise<T> {
    const count = connections.paths.length;
    for (let step = 0; step < count; step++) {
      const connection = connections.paths[(preferred + step) % count]!.live();
      if (!connection) continue;
      preferred = (preferred + step) % count;
      try {
        return await attempt(connection);
      } catch (cause) {
        if (!(cause instanceof JetStreamApiError)) preferred = (preferred + 1) % count;
        throw cause;
      }
    }
    throw new Error('no connection to any nats-server');
  }

  /** A read harms nothing, so the other server is asked at once. */
  const read = <T>(attempt: (connection: NatsConnection) => Promise<T>): Promise<T> =>
    once(attempt).catch(() => once(attempt));

  const manager = (connection: NatsConnection) => jetstreamManager(connection, { checkAPI: false, timeout: TRY_MS });

  return {
    async publish(subject, bytes, seq, id) {
      try {
        const ack = await once((connection) =>
          jetstream(connection, { timeout: TRY_MS }).publish(subject, bytes, {
            msgID: id,
            expect: { streamName: name, lastSequence: seq - 1 },
          }),
        );
        // A duplicate was stored by an earlier try; where, is for the reader to see.
        return { kind: ack.seq === seq && !ack.duplicate ? 'stored' : 'occupied' };
      } catch (cause) {
        if (cause instanceof JetStreamApiError && OCCUPIED.has(cause.code)) return { kind: 'occupied' };
        return { kind: 'unclear', reason: cause instanceof Error ? cause.message : String(cause) };
      }
    },

    at: (seq) =>
      read(async (connection) => (await (await manager(connection)).streams.getMessage(name, { seq }))?.data ?? null),

    lastSeq: () => read(async (connection) => (await (await manager(connection)).streams.info(name)).state.last_seq),
  };
}
