/** Where a node's API listens: a Unix socket only its owner can open, and if wanted the loopback, for reading only. */
import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { buildApi } from './api.ts';
import type { ControllerView } from './api-view.ts';
import { fail } from './errors.ts';

export interface ApiPlaces {
  readonly socket: string;
  /** Port on 127.0.0.1 for reading; null: none. */
  readonly port: number | null;
}

/** Listens; returns the end of it. Throws API_PORT_TAKEN. The directory of the socket must be private to its owner. */
export async function serveApi(view: ControllerView, { socket, port }: ApiPlaces): Promise<() => Promise<void>> {
  const servers: FastifyInstance[] = [];
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  const listen = async (server: FastifyInstance, where: { path: string } | { host: string; port: number }) => {
    servers.push(server);
    try {
      await server.listen(where);
    } catch (cause) {
      await close();
      const shown = 'path' in where ? where.path : `${where.host}:${where.port}`;
      fail('API_PORT_TAKEN', { where: shown, reason: cause instanceof Error ? cause.message : String(cause) }, cause);
    }
  };
  await clearStaleSocket(socket);
  await listen(buildApi(view, { writable: true }), { path: socket });
  await chmod(socket, 0o600);
  if (port !== null) await listen(buildApi(view, { writable: false }), { host: '127.0.0.1', port });
  return close;
}

/** A killed daemon leaves its socket behind. It is removed only when nobody answers there. */
async function clearStaleSocket(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
  if (answered) fail('API_PORT_TAKEN', { where: path, reason: 'another rekindled answers there' });
  await rm(path);
}
