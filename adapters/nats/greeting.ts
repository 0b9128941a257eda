import { connect } from 'node:net';

/**
 * True when the nats-server at this address greets a newcomer within `timeoutMs`: a program of that host is running
 * and can be reached. A frozen host's kernel still accepts the connection, but nobody says anything.
 */
export function greets(address: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (greeted: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeted);
    };
    // What has come by then counts, though this process was too busy to take it.
    const timer = setTimeout(() => setImmediate(() => end(false)), timeoutMs);
    socket.once('data', (bytes) => end(bytes.subarray(0, 5).toString() === 'INFO '));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
