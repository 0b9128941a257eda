import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Listens on a Unix socket that only this user may open. A socket left behind by a dead process is replaced; one that
 * somebody answers on is not: this rejects.
 */
export async function listenAlone(path: string, accept: (socket: Socket) => void): Promise<Server> {
  if (await answers(path)) throw new Error(`another process already listens on ${path}`);
  rmSync(path, { force: true });
  const server = createServer(accept);
  process.umask(0o077);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  return server;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
