/** The cluster's log on a JetStream stream. See docs/safety.md for what it is trusted with, and what not. */
import { setTimeout as wait } from 'node:timers/promises';
import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { type Draft, parseEntry, type Stored } from '../../machines/entries.ts';
import { failure, RekindleError } from '../../services/errors.ts';
import type { Appended, Log } from '../../services/ports.ts';
import { anyUp, type Connections } from './connections.ts';
import { follow, hashOf } from './follow.ts';
import { openStream, type Stream } from './stream.ts';
import { differences, wantedConfig } from './stream-config.ts';
import { logSubject, streamName } from './subjects.ts';

const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 200;
/** Answered by the elected meta leader, never for lack of one. */
const STREAM_NOT_FOUND = 10059;

export interface LogPlan {
  /** Of a controller; the monitor's will do for following only. */
  readonly connections: Connections;
  readonly cluster: string;
  /** One for each voter. */
  readonly replicas: number;
  /** Gives up waiting for a majority of the voters' servers. */
  readonly signal: AbortSignal;
}

/** Makes the stream when it is certain that there is none. Throws LOG_CONFIG_WRONG, or LOG_UNAVAILABLE once aborted. */
export async function openLog({ connections, cluster, replicas, signal }: LogPlan): Promise<Log> {
  let reason = 'no connection to any nats-server';
  for (;;) {
    try {
      await verifyStream(connections, cluster, replicas, signal);
      return logOn(connections, openStream(connections, cluster), cluster);
    } catch (cause) {
      if (cause instanceof RekindleError) throw cause;
      if (signal.aborted) throw failure('LOG_UNAVAILABLE', { stream: streamName(cluster), reason }, cause);
      reason = cause instanceof Error ? cause.message : String(cause);
      await wait(LAST_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

async function verifyStream(
  connections: Connections,
  cluster: string,
  replicas: number,
  signal: AbortSignal,
): Promise<void> {
  const connection = await anyUp(connections, signal);
  const within = async (timeout: number) => (await jetstreamManager(connection, { checkAPI: false, timeout })).streams;
  const name = streamName(cluster);
  // Asked while there is no leader, nobody answers: ask again soon.
  const { config } = await (await within(500)).info(name).catch(async (cause: unknown) => {
    if (!(cause instanceof JetStreamApiError && cause.code === STREAM_NOT_FOUND)) throw cause;
    return (await within(2_000)).add(wantedConfig(cluster, replicas));
  });
  const problems = differences(config, cluster, replicas);
  if (problems.length > 0) throw failure('LOG_CONFIG_WRONG', { stream: name, problems: problems.join('; ') });
}

function logOn(connections: Connections, stream: Stream, cluster: string): Log {
  /**
   * Stores `bytes` at their place or learns what is there. Repeating a try is safe: the stream takes it only directly
   * after `seq − 1`, so it can be stored once at most. Only what the leader holds at `seq` decides between "stored" and
   * "conflict": a refusal may come from our own earlier try, still on its way.
   */
  async function put(stored: Stored, bytes: Uint8Array, signal: AbortSignal): Promise<Appended> {
    const { seq, hash, entry } = stored;
    const subject = logSubject(cluster, entry.subject, entry.type);
    let reason = 'aborted before the first try';
    for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LAST_RETRY_MS)) {
      const published = await stream.publish(subject, bytes, seq, `${entry.id}.${hash}`);
      if (published.kind === 'stored') return { kind: 'stored', stored };
      if (published.kind === 'occupied') {
        const there = await look(seq, hash);
        if (there === 'ours') return { kind: 'stored', stored };
        if (there === 'other') return { kind: 'conflict' };
        reason = 'the place is taken by an append that is not yet stored';
      } else {
        reason = published.reason;
      }
      await wait(waitMs, undefined, { signal }).catch(() => {});
    }
    return { kind: 'unknown', reason };
  }

  async function look(seq: number, hash: string): Promise<'ours' | 'other' | 'open'> {
    try {
      const there = await stream.at(seq);
      if (there) return hashOf(there) === hash ? 'ours' : 'other';
      // The stream ends before our head: entries were lost. The caller must find out, not wait here.
      return (await stream.lastSeq()) < seq - 1 ? 'other' : 'open';
    } catch {
      return 'open';
    }
  }

  return {
    append(draft, head, by, signal) {
      const seq = head.seq + 1;
      // Checked before it is stored: what cannot be read back would stop every reader for ever.
      const entry = parseEntry({ ...envelope(draft, by, seq, head.hash), data: draft.data });
      const bytes = Buffer.from(JSON.stringify(entry));
      return put({ seq, hash: hashOf(bytes), entry }, bytes, signal);
    },

    async restore(stored, signal) {
      const bytes = Buffer.from(JSON.stringify(stored.entry));
      if (hashOf(bytes) !== stored.hash)
        return { kind: 'unknown', reason: `entry ${stored.seq} does not have its hash any more` };
      return put(stored, bytes, signal);
    },

    lastSeq: () => stream.lastSeq(),
    follow: (seq, signal) => follow(connections, stream, cluster, seq, signal),
  };
}

function envelope(draft: Draft, by: { node: string; epoch: number; atMs: number }, seq: number, prevhash: string) {
  return {
    specversion: '1.0',
    id: `${by.epoch}.${seq}`,
    type: draft.type,
    source: by.node,
    subject: draft.subject,
    time: new Date(by.atMs).toISOString(),
    datacontenttype: 'application/json',
    epoch: by.epoch,
    cause: draft.cause,
    prevhash,
  };
}
