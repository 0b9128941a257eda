/** The cluster on one screen: what is wrong first, then hosts, then guests. */
import type { GuestStatus, HostStatus, Status } from '../../services/api-status.ts';
import type { Style, Terminal } from '../terminal.ts';
import { jobLine } from './job.ts';
import { cut, table, wrap } from './table.ts';

type Paint = Terminal['paint'];

const CALM = new Set(['running', 'stopped', 'maintenance', 'spare']);
const GRAVE = new Set(['blocked', 'failed', 'quarantined', 'frozen']);

export function stateStyle(state: string): Style {
  if (state === 'running') return 'green';
  if (CALM.has(state)) return 'dim';
  return GRAVE.has(state) ? 'red' : 'yellow';
}

/** `mostGuests`: with more of them than that, those in trouble are shown first and the rest is counted. */
export function renderStatus(
  status: Status,
  paint: Paint,
  columns: number,
  mostGuests = Number.POSITIVE_INFINITY,
): string[] {
  const { roles } = status;
  const head = [
    paint('bold', `cluster ${status.cluster ?? '(no cluster file in the log yet)'}`),
    status.profile && `profile ${status.profile}`,
    roles.leader ? `leader ${roles.leader}, epoch ${status.epoch}` : paint('red', 'no leader'),
    `log ${status.seq}`,
    `seen from ${status.node}`,
  ];
  return [
    cut(head.filter(Boolean).join(' · '), columns),
    ...alarms(status).flatMap((alarm) => wrap(`! ${alarm}`, columns).map((line) => paint('red', line))),
    '',
    ...hostTable(status.hosts, status.arbiters, paint, columns),
    ...status.hosts.flatMap(({ name, job }) => (job?.active ? [cut(jobLine(name, job), columns)] : [])),
    '',
    ...guestTable(status.guests, paint, columns, mostGuests),
    ...(status.pending.length > 0 ? ['', ...pendingLines(status, columns)] : []),
  ];
}

/** Sentences on what a person should know or do now. */
export function alarms(status: Status): string[] {
  const { roles, frozen, brake, headroom } = status;
  const lost = roles.nats.filter(({ connected }) => !connected).map(({ server }) => server);
  return [
    ...(roles.waitingFor ? [`${status.node}: ${roles.waitingFor}`] : []),
    ...(roles.lease?.paused.length
      ? [`${status.node} has no lease and keeps paused: ${roles.lease.paused.join(', ')}`]
      : []),
    ...(lost.length > 0 ? [`${status.node} has lost its connection to NATS on ${lost.join(', ')}`] : []),
    ...(frozen ? [`frozen by ${frozen.by}: ${frozen.reason} — end it with: rekindle thaw`] : []),
    ...(brake
      ? [
          `storm brake: ${brake.silent.join(', ')} fell silent together; nothing is fenced — when sure: rekindle release-brake`,
        ]
      : []),
    ...(headroom && !headroom.survivable ? [`the next host loss could not be survived: ${headroom.why}`] : []),
    ...status.hosts
      .filter(({ state }) => state === 'blocked')
      .map(
        ({ name }) =>
          `${name} cannot be proven stopped — check it by hand, then: rekindle confirm-off ${name} --by NAME --checked WHAT --key FILE`,
      ),
    ...status.hosts.flatMap(({ name, keeps }) =>
      keeps.map(
        ({ guest, code, reason, todo }) => `${guest} stays on ${name}, to be emptied (${code}): ${reason} — ${todo}`,
      ),
    ),
    ...status.hosts.flatMap(({ name, degraded }) =>
      Object.entries(degraded).map(([what, reason]) => `${name}: ${what}: ${reason}`),
    ),
  ];
}

function hostTable(hosts: readonly HostStatus[], arbiters: readonly string[], paint: Paint, columns: number): string[] {
  if (hosts.length === 0) return ['no hosts yet'];
  const rows = hosts.map((host) => [
    host.name,
    paint(stateStyle(host.state), host.state),
    host.heardAgoMs === null ? 'never' : `${(host.heardAgoMs / 1000).toFixed(1)} s`,
    host.selfFencing ? 'yes' : 'no',
    host.guests.length > 0 ? String(host.guests.length) : '-',
    host.why,
  ]);
  const lines = table(['HOST', 'STATE', 'HEARD', 'SELF-FENCING', 'GUESTS', 'WHY'], rows, columns);
  return [
    paint('dim', lines[0]!),
    ...lines.slice(1),
    ...(arbiters.length > 0 ? [`arbiters: ${arbiters.join(', ')}`] : []),
  ];
}

export function guestTable(guests: readonly GuestStatus[], paint: Paint, columns: number, most: number): string[] {
  if (guests.length === 0) return ['no guests yet'];
  const troubled = (guest: GuestStatus) => (CALM.has(guest.state) ? 1 : 0);
  const shown = guests.length > most ? [...guests].sort((a, b) => troubled(a) - troubled(b)).slice(0, most) : guests;
  const rows = shown.map((guest) => [
    guest.name,
    paint(stateStyle(guest.state), guest.state),
    guest.migratingTo ? `${guest.host} → ${guest.migratingTo}` : (guest.host ?? '-'),
    guest.observed,
    guest.why,
  ]);
  const lines = table(['GUEST', 'STATE', 'HOST', 'SEEN', 'WHY'], rows, columns);
  const rest = guests.length - shown.length;
  return [paint('dim', lines[0]!), ...lines.slice(1), ...(rest > 0 ? [paint('dim', `and ${rest} more`)] : [])];
}

const MOST_PENDING = 8;

function pendingLines({ pending }: Status, columns: number): string[] {
  const shown = pending.slice(0, MOST_PENDING).map(({ id }) => id);
  const more = pending.length > MOST_PENDING ? ` and ${pending.length - MOST_PENDING} more` : '';
  return [cut(`to do: ${shown.join(', ')}${more}`, columns)];
}
