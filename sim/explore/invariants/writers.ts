/** 1: no guest can write on two hosts. 2: what runs has a grant its agent persisted first. 3: tokens of starts rise. 15: no start before its grant is in the log. */
import { compareTokens } from '../../../machines/entries.ts';
import type { Invariant, Scene } from './invariant.ts';

export function watchWriters({ simulation, hosts, writersOn, violated }: Scene): Invariant {
  /** Every grant that was ever in the log, lost since or not. */
  const granted = new Set<string>();
  const lastStart = new Map<string, { token: string; host: string }>();

  const grantOf = (host: string, guest: string) =>
    simulation.nodes[host]!.memory.grants().find((grant) => grant.guest === guest);

  return {
    event(event) {
      if (event.kind === 'writer' && event.on) {
        const { guest, host } = event;
        const others = hosts.filter((other) => other !== host && writersOn(other).has(guest));
        if (others.length > 0) violated(1, `${guest} can write on ${host} and on ${others.join(', ')}`);
        if (!grantOf(host, guest))
          violated(2, `${guest} can write on ${host}, whose agent has no grant for it on disk`);
      }
      if (event.kind === 'entry' && event.stored.entry.type === 'guest.granted') granted.add(event.stored.entry.id);
      if (event.kind !== 'started') return;
      const { guest, host, token } = event;
      const held = grantOf(host, guest);
      if (held?.token !== token) {
        violated(2, `${guest} was started on ${host} under ${token}; on disk there is ${held?.token ?? 'no grant'}`);
      }
      if (!granted.has(token)) violated(15, `${guest} was started on ${host} under ${token}, which nobody has granted`);
      const before = lastStart.get(guest);
      lastStart.set(guest, { token, host });
      if (!before) return;
      const order = compareTokens(token, before.token);
      // The same grant may be started again where it was: the answer to the first start was lost with its daemon.
      if (order < 0 || (order === 0 && before.host !== host)) {
        violated(3, `${guest} was started under ${token} on ${host} after ${before.token} on ${before.host}`);
      }
    },
  };
}
