/** One line for each thing that happens in the world. */
import { sentence } from '../../machines/sentences.ts';
import type { Fault } from '../faults.ts';
import type { WorldEvent } from '../simulation.ts';

export function tell(event: WorldEvent): string {
  return `${(event.atMs / 1_000).toFixed(3).padStart(9)}  ${what(event)}`;
}

/** `isolate h1 for 3.0 s`. */
export function tellFault({ kind, ...about }: Fault): string {
  const words = Object.entries(about)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      if (key === 'node' || key === 'guest') return String(value);
      if (key === 'forMs') return `for ${(Number(value) / 1_000).toFixed(3)} s`;
      return `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`;
    });
  return [kind, ...words].join(' ');
}

function what(event: WorldEvent): string {
  switch (event.kind) {
    case 'power':
      return `${event.host} ${event.on ? 'has power' : 'has no power'}: ${event.why}`;
    case 'writer':
      return `${event.guest} ${event.on ? 'can write' : 'can no longer write'} on ${event.host} (${event.token ?? 'no token'})`;
    case 'machine':
      return `${event.host}: ${event.what}`;
    case 'pet':
      return `${event.host} pets its watchdog`;
    case 'entry': {
      const { seq, entry } = event.stored;
      return `#${seq} ${entry.id} ${entry.source} ${entry.type} ${entry.subject}: ${sentence(entry)}`;
    }
    case 'rollback':
      return `the log forgets everything from #${event.fromSeq} on`;
    case 'fault':
      return `FAULT ${tellFault(event.fault)}`;
    case 'fault-ended':
      return `ended ${tellFault(event.fault)}`;
    case 'elected':
      return `${event.node} is elected in epoch ${event.epoch}`;
    case 'leased':
      return `${event.voter} leases life ${event.counter} of ${event.host}, in epoch ${event.epoch}`;
    case 'started':
      return `${event.guest} is started on ${event.host} under ${event.token}`;
  }
}
