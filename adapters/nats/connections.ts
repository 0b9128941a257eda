/**
 * One role's connections to NATS: one to each of two servers, both always kept up, so that losing a server loses
 * nothing in flight. A broken connection is thrown away and a new one made: nothing waits in its buffers, requests on
 * it fail at once, and what arrives late from an earlier life is not sent by surprise.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { AuthorizationError, connect, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Say } from '../../services/ports.ts';
import type { TlsFiles } from '../keys/load.ts';
import { signerFrom } from '../keys/sign.ts';
import { greets } from './greeting.ts';
import { HANDSHAKE_MS } from './server-config.ts';
import { isTooOld, LEAST_VERSION } from './version.ts';

/**
 * A server that has not finished the handshake within this is treated as down, so that a network that heals is asked anew at
 * once and not when TCP asks again, after 3 s and 7 s. One that greets is there and only slow: it gets HANDSHAKE_MS.
 */
const CONNECT_TIMEOUT_MS = 1_000;
/** For an attempt that is under way when all are closed. */
const CLOSE_MS = 1_000;
const RETRY_MS = 200;
/** After a server has refused who we are: it may hear of our keys any moment, and each try costs both a handshake. */
const REFUSED_RETRY_MS = 2_000;
/** A silent server is given up after three of these. */
const PING_MS = 1_000;
const FLUSH_MS = 250;

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

interface Listener {
  readonly subject: string;
  readonly receive: (message: Msg, connection: NatsConnection) => void;
  readonly attached: Map<NatsConnection, Subscription>;
}

/** Returns at once; servers that are down are tried again for ever. Throws only when the keys cannot be read. */
export function openConnections(plan: ConnectionPlan): Connections {
  const { say } = plan;
  const signer = signerFrom(plan.seed);
  const pem = (file: string) => readFileSync(file, 'utf8');
  const options = {
    name: plan.name,
    inboxPrefix: plan.inbox,
    // A signature for what the server asks with, in the alphabet that it tries first.
    authenticator: (nonce?: string) => ({ nkey: signer.publicKey, sig: nonce ? signer.sign(nonce) : '' }),
    reconnect: false,
    ignoreClusterUpdates: true,
    pingInterval: PING_MS,
    maxPingOut: 2,
    noAsyncTraces: true,
  };
  const tls = { ca: pem(plan.tls.ca), cert: pem(plan.tls.cert), key: pem(plan.tls.key) };
  const closing = new AbortController();
  const listeners = new Set<Listener>();
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  const attach = (connection: NatsConnection, { subject, receive, attached }: Listener) => {
    const callback = (error: Error | null, message: Msg) => {
      if (!error) receive(message, connection);
    };
    attached.set(connection, connection.subscribe(subject, { callback }));
  };

  function keepUp(server: ServerAddress): Path & { readonly done: Promise<void> } {
    let live: NatsConnection | null = null;
    /** What the last try came to. The first of all gets time: the start of this very daemon may hold it up. */
    let last: 'none' | 'up' | 'failed' = 'none';
    const about = { user: plan.name, server: server.node };
    const where = `${server.address.includes(':') ? `[${server.address}]` : server.address}:${server.port}`;

    async function one(): Promise<void> {
      const slow =
        last === 'none' || (last === 'failed' && (await greets(server.address, server.port, CONNECT_TIMEOUT_MS)));
      last = 'failed';
      // The certificate is checked against the node meant, not against whatever address leads there.
      const connection = await connect({
        ...options,
        timeout: slow ? HANDSHAKE_MS : CONNECT_TIMEOUT_MS,
        servers: where,
        tls: { ...tls, ...{ servername: server.node } },
      });
      last = 'up';
      try {
        const version = connection.info?.version ?? '0';
        if (isTooOld(version))
          throw new Error(`nats-server ${version} is too old, ${LEAST_VERSION} or newer is needed`);
        if (closing.signal.aborted) return;
        const given = troubles(connection, say, about);
        for (const listener of listeners) attach(connection, listener);
        live = connection;
        say.info('connected to nats-server', about);
        changed();
        const end = await Promise.race([connection.closed(), given]);
        if (!closing.signal.aborted)
          say.warn('lost nats-server', { ...about, reason: end instanceof Error ? end.message : 'closed' });
      } finally {
        live = null;
        for (const { attached } of listeners) attached.delete(connection);
        changed();
        // Not awaited: with full buffers towards a dead server, a polite end could take minutes.
        void connection.close();
      }
    }

    const done = (async () => {
      let lastReason = '';
      while (!closing.signal.aborted) {
        let pauseMs = RETRY_MS;
        try {
          await one();
          lastReason = '';
        } catch (cause) {
          if (cause instanceof AuthorizationError) pauseMs = REFUSED_RETRY_MS;
          const reason = cause instanceof Error ? cause.message : String(cause);
          // Said once for each reason: a server can be down for days.
          if (reason !== lastReason) say.warn('cannot connect to nats-server', { ...about, reason });
          lastReason = reason;
        }
        await wait(pauseMs, undefined, { signal: closing.signal }).catch(() => {});
      }
    })();
    return { server, live: () => live, done };
  }

  const paths = plan.servers.map(keepUp);
  return {
    inbox: plan.inbox,
    say,
    paths,
    subscribe(subject, receive) {
      const listener: Listener = { subject, receive, attached: new Map() };
      listeners.add(listener);
      for (const path of paths) {
        const connection = path.live();
        if (connection) attach(connection, listener);
      }
      return () => {
        listeners.delete(listener);
        for (const subscription of listener.attached.values()) subscription.unsubscribe();
      };
    },
    onChange(callback) {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
    async close() {
      closing.abort();
      // What was just published still goes out, unless the server does not take it.
      const out = paths.map(async (path) => {
        const connection = path.live();
        await Promise.race([connection?.flush().catch(() => {}), wait(FLUSH_MS)]);
        await connection?.close();
        await Promise.race([path.done, wait(CLOSE_MS, undefined, { ref: false })]);
      });
      await Promise.all(out);
    },
  };
}

/**
 * Says what the server refuses: a publish without permission does not throw, it shows here and nowhere else. Each
 * refusal is said once. Resolves when the server has been silent for too long.
 */
async function troubles(connection: NatsConnection, say: Say, about: Record<string, unknown>): Promise<Error> {
  const said = new Set<string>();
  for await (const status of connection.status()) {
    if (status.type === 'staleConnection') return new Error('it is silent');
    if (status.type !== 'error' || said.size > 100 || said.has(status.error.message)) continue;
    said.add(status.error.message);
    say.error('nats-server refuses', { ...about, reason: status.error.message });
  }
  return new Error('closed');
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
