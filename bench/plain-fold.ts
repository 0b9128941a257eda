/**
 * The least a fold of this log could do, written by hand for speed alone: it trusts every entry, changes tables in
 * place, explains nothing, and keeps no intents, timers or budgets. It knows only what `story.ts` tells.
 */
import type { Stored } from '../machines/entries.ts';

export interface PlainFleet {
  seq: number;
  readonly hosts: Map<string, { state: string; counter: number }>;
  readonly guests: Map<string, { state: string; host: string | null; token: string | null; released: boolean }>;
}

export function plainFold(entries: readonly Stored[]): PlainFleet {
  const fleet: PlainFleet = { seq: 0, hosts: new Map(), guests: new Map() };
  const { hosts, guests } = fleet;
  for (const { seq, entry } of entries) {
    fleet.seq = seq;
    const name = entry.subject.slice(entry.subject.indexOf('/') + 1);
    switch (entry.type) {
      case 'cluster.configured':
        for (const host in entry.data.spec.hosts) hosts.set(host, { state: 'joining', counter: -1 });
        for (const guest in entry.data.spec.guests)
          guests.set(guest, { state: 'relocating', host: null, token: null, released: true });
        break;
      case 'host.joined': {
        const host = hosts.get(name)!;
        host.state = 'running';
        host.counter = entry.data.incarnation.counter;
        break;
      }
      case 'host.suspected':
        hosts.get(name)!.state = 'suspect';
        for (const guest of guests.values()) if (guest.host === name) guest.state = 'suspect';
        break;
      case 'fence.proven':
        hosts.get(name)!.state = 'restarting';
        for (const guest of guests.values()) {
          if (guest.host !== name || guest.released) continue;
          guest.released = true;
          guest.state = 'relocating';
        }
        break;
      case 'power-on.succeeded':
        hosts.get(name)!.state = 'rejoining';
        break;
      case 'guest.crashed': {
        const guest = guests.get(name)!;
        guest.released = true;
        guest.state = 'restarting';
        break;
      }
      case 'guest.granted': {
        const guest = guests.get(name)!;
        guest.host = entry.data.host;
        guest.token = entry.id;
        guest.released = false;
        break;
      }
      case 'start.succeeded':
        guests.get(name)!.state = 'running';
        break;
    }
  }
  return fleet;
}
