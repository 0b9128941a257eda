/** What only the admin key may do: for labs and for people, never for the daemon. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { Connections } from './connections.ts';
import { anyUp } from './connections.ts';
import { streamName } from './subjects.ts';

const BOUND_MS = 2_000;

/** Node whose server leads the stream; null during an election. Rejects when nobody knows. */
export async function streamLeader(connections: Connections, cluster: string): Promise<string | null> {
  const connection = await anyUp(connections, AbortSignal.timeout(BOUND_MS));
  const { streams } = await jetstreamManager(connection, { checkAPI: false, timeout: BOUND_MS });
  return (await streams.info(streamName(cluster))).cluster?.leader || null;
}

/** Asks the stream's leader to hand over; with `to`, to that node. */
export async function stepDownStream(connections: Connections, cluster: string, to?: string): Promise<void> {
  const connection = await anyUp(connections, AbortSignal.timeout(BOUND_MS));
  const request = to === undefined ? '' : JSON.stringify({ placement: { preferred: to } });
  const answer = await connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${streamName(cluster)}`, request, {
    timeout: BOUND_MS,
  });
  const { error } = answer.json<{ error?: { description?: string } }>();
  if (error) throw new Error(`the leader of the stream does not step down: ${error.description}`);
}
