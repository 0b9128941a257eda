/**
 * One role's connections to NATS: one to each of two servers, both always kept up, so that losing a server loses
 * nothing in flight. A broken connection is thrown away and a new one made: nothing waits in its buffers, requests on
 * it fail at once, and what arrives late from an earlier life is not sent by surprise.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type Msg, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import type { Say } from '../../services/ports.ts';
import type { TlsFiles } from '../keys/load.ts';
import { readSeed } from '../keys/sign.ts';
import { isTooOld, LEAST_VERSION } from './version.ts';

/** A server that does not finish the handshake within this is treated as down. */
const CONNECT_TIMEOUT_MS = 1_000;
const RETRY_MS = 200;
/** A silent server is given up after three of these. */
const PING_MS = 1_000;

export interface ServerAddress {
  /** Node it runs on: what its certificate must say. */
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

export interface ConnectionPlan {
  /** Nearest first. */
  readonly servers: readonly ServerAddress[];
  readonly tls: TlsFiles;
  /** File with this user's seed. */
  readonly seed: string;
  /** What this user may listen below for answers: inboxOf(). */
  readonly inbox: string;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly say: Say;
}

export interface Path {
  readonly server: ServerAddress;
  /** The connection in use; null while there is none. */
  live(): NatsConnection | null;
}

export interface Connections {
  readonly inbox: string;
  readonly say: Say;
  readonly paths: readonly Path[];
  /** Listens on every path, over reconnections. Returns its end. */
  subscribe(subject: string, receive: (message: Msg, connection: NatsConnection) => void): () => void;
  /** Calls back after each connect and each loss. Returns its end. */
  onChange(callback: () => void): () => void;
  close(): Promise<void>;
}

type Listener = { readonly subject: string; readonly receive: (message: Msg, connection: NatsConnection) => void };

/** Returns at once; servers that are down are tried again for ever. Throws only when the keys cannot be read. */
export function openConnections(plan: ConnectionPlan): Connections {
  const pair = readSeed(plan.seed);
  const authenticator = nkeyAuthenticator(() => pair.getSeed());
  const [ca, cert, key] = [plan.tls.ca, plan.tls.cert, plan.tls.key].map((file) => readFileSync(file, 'utf8')) as [
    string,
    string,
    string,
  ];
  const closing = new AbortController();
  const listeners = new Set<Listener>();
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of watchers) watcher();
  };

  const paths = plan.servers.map((server) => {
    let live: NatsConnection | null = null;
    const { say } = plan;
    const about = { user: plan.name, server: server.node };

    const keepUp = async () => {
      let lastReason = '';
      while (!closing.signal.aborted) {
        try {
          const connection = await connect({
            servers: `${server.address.includes(':') ? `[${server.address}]` : server.address}:${server.port}`,
            name: plan.name,
            inboxPrefix: plan.inbox,
            authenticator,
            // The certificate is checked against the node meant, not against whatever address leads there.
            tls: { ca, cert, key, ...{ servername: server.node } },
            timeout: CONNECT_TIMEOUT_MS,
            reconnect: false,
            ignoreClusterUpdates: true,
            pingInterval: PING_MS,
            maxPingOut: 2,
            noAsyncTraces: true,
          });
          if (closing.signal.aborted) {
            await connection.close();
            return;
          }
          const version = connection.info?.version ?? '0';
          if (isTooOld(version)) {
            await connection.close();
            throw new Error(`nats-server ${version} is too old, ${LEAST_VERSION} or newer is needed`);
          }
          void reportTroubles(connection, say, about);
          for (const listener of listeners) attach(connection, listener);
          live = connection;
          lastReason = '';
          say.info('connected to nats-server', about);
          changed();
          const end = await connection.closed();
          live = null;
          if (!closing.signal.aborted)
            say.warn('lost nats-server', { ...about, reason: end instanceof Error ? end.message : 'closed' });
          changed();
        } catch (cause) {
          const reason = cause instanceof Error ? cause.message : String(cause);
          // Said once for each reason: a server can be down for days.
          if (reason !== lastReason) say.warn('cannot connect to nats-server', { ...about, reason });
          lastReason = reason;
          await wait(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {});
        }
      }
    };
    const done = keepUp();
    return { server, live: () => live, done };
  });

  const attach = (connection: NatsConnection, { subject, receive }: Listener) =>
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (!error) receive(message, connection);
      },
    });

  return {
    inbox: plan.inbox,
    say: plan.say,
    paths,
    subscribe(subject, receive) {
      const listener = { subject, receive };
      listeners.add(listener);
      const attached = paths.flatMap((path) => path.live() ?? []).map((connection) => attach(connection, listener));
      return () => {
        listeners.delete(listener);
        for (const subscription of attached) subscription.unsubscribe();
      };
    },
    onChange(callback) {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
    async close() {
      closing.abort();
      await Promise.all(paths.map((path) => path.live()?.close()));
      await Promise.all(paths.map((path) => path.done));
      pair.clear();
    },
  };
}

/** A publish without permission does not throw; the server says so here, and nowhere else. Each refusal is said once. */
async function reportTroubles(connection: NatsConnection, say: Say, about: Record<string, unknown>): Promise<void> {
  const said = new Set<string>();
  for await (const status of connection.status()) {
    if (status.type === 'staleConnection') say.warn('nats-server is silent', about);
    if (status.type !== 'error' || said.size > 100 || said.has(status.error.message)) continue;
    said.add(status.error.message);
    say.error('nats-server refuses', { ...about, reason: status.error.message });
  }
}

/** Resolves once a path is up; rejects with the signal's reason. */
export async function anyUp(connections: Connections, signal: AbortSignal): Promise<NatsConnection> {
  for (;;) {
    signal.throwIfAborted();
    const live = connections.paths.map((path) => path.live()).find((connection) => connection !== null);
    if (live) return live;
    await new Promise<void>((resolve) => {
      const done = () => {
        forget();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const forget = connections.onChange(done);
      signal.addEventListener('abort', done);
    });
  }
}
