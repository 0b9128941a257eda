/** Reaches a service as a client would: a TCP connection, or an HTTP answer of 200 to 299. */
import { connect } from 'node:net';
import type { ServiceProbe } from '../../services/ports.ts';

export const serviceProbe: ServiceProbe = {
  tcp: (address, port, timeoutMs) =>
    new Promise((resolve) => {
      const socket = connect({ host: address, port });
      const end = (answered: boolean) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(answered);
      };
      // Not the socket's own time-out, which a slow name look-up does not run into.
      const timer = setTimeout(end, timeoutMs, false);
      socket.once('connect', () => end(true)).once('error', () => end(false));
    }),

  async http(url, timeoutMs) {
    try {
      // A redirect may lead to a healthy service that is not this guest's: it is no answer.
      const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  },
};
