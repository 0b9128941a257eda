/** One line of `virsh event --all --loop --timestamp`, read strictly. */
import type { HypervisorEvent } from '../../services/ports.ts';

const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+[+-]\d{4}: event '([a-z-]+)' for domain '?(.*?)'?(?:: (.*)|:)?$/;
/** Guests whose last words are remembered, at most; the oldest are forgotten first. */
const MAX_REMEMBERED = 1_000;

type StoppedCause = Extract<HypervisorEvent, { kind: 'stopped' }>['cause'];
type GuestEventKind = Extract<HypervisorEvent, { guest: string; cause?: never }>['kind'];

/** `<what> <detail>` of a lifecycle event → what it means here. Not listed: of no concern. */
const LIFECYCLE: Readonly<Record<string, GuestEventKind>> = {
  'Started Booted': 'started',
  'Started Restored': 'started',
  'Started Snapshot': 'started',
  'Started Event wakeup': 'started',
  'Resumed Unpaused': 'resumed',
  'Resumed Snapshot': 'resumed',
  // On the target, execution begins with this one; `Started Migrated` only means that QEMU is there to receive.
  'Resumed Migrated': 'migrated-in',
  'Suspended Paused': 'paused',
  'Suspended Restored': 'paused',
  'Suspended Snapshot': 'paused',
  'Suspended Watchdog': 'paused',
  'Suspended API error': 'paused',
  'Suspended I/O Error': 'io-error',
  'Crashed Panicked': 'panicked',
};

const STOPPED: Readonly<Record<string, StoppedCause>> = {
  Shutdown: 'shut-down',
  Destroyed: 'destroyed',
  Saved: 'destroyed',
  Snapshot: 'destroyed',
  Crashed: 'panicked',
  Migrated: 'migrated',
  Failed: 'died',
};

/**
 * A parser for one stream: null for what is of no concern. `unreadable`: not a line that virsh is known to print.
 * It remembers, per guest, the line before an end that tells why: libvirt spreads one story over two events.
 */
export function createEventParser(): (line: string) => HypervisorEvent | null | 'unreadable' {
  const before = new Map<string, string>();

  const remember = (guest: string, what: string) => {
    before.delete(guest);
    before.set(guest, what);
    const [oldest] = before.keys();
    if (before.size > MAX_REMEMBERED && oldest !== undefined) before.delete(oldest);
  };

  const stopped = (guest: string, how: string): HypervisorEvent | 'unreadable' => {
    const earlier = before.get(guest);
    before.delete(guest);
    const cause = STOPPED[how];
    if (!cause) return 'unreadable';
    // Nobody asked libvirt, and it was not the guest either: QEMU itself was told to end, by a signal.
    if (cause === 'shut-down' && earlier === 'Shutdown Finished after host request')
      return { kind: 'stopped', guest, cause: 'died', detail: 'QEMU was ended by a signal' };
    return { kind: 'stopped', guest, cause, detail: `libvirt: Stopped ${how}` };
  };

  return (line) => {
    // The further lines of an event that has several, and the farewell of virsh.
    if (line === '' || line.startsWith('\t') || line.startsWith('events received: ')) return null;
    const [, event, guest, text = ''] = LINE.exec(line) ?? [];
    if (event === undefined || guest === undefined) return 'unreadable';
    if (event === 'io-error-reason') remember(guest, text);
    if (event !== 'lifecycle') return null;
    if (text.startsWith('Stopped ')) return stopped(guest, text.slice('Stopped '.length));
    if (text.startsWith('Shutdown ')) remember(guest, text);
    const kind = LIFECYCLE[text];
    if (!kind) return null;
    const detail = kind === 'io-error' ? (before.get(guest) ?? text) : text;
    return { kind, guest, detail };
  };
}
