import type { Socket } from 'node:net';

/** Of the longest line of these protocols, generously. */
const MAX_LINE = 256;

/** Calls back with each line a peer sends. A peer that sends none for too long is cut off: nothing here may grow. */
export function onLines(socket: Socket, heard: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) heard(line);
    if (rest.length > MAX_LINE) socket.destroy();
  });
}
