/** What a replay shows: whether the log is whole, and the cluster as it was. */
import type { Status } from '../../services/api-status.ts';
import type { Replayed } from '../../sim/replay/replay.ts';
import type { JournalCheckpoint } from '../replay/journal.ts';
import type { Terminal } from '../terminal.ts';
import { alarms, guestTable, stateStyle } from './status.ts';
import { cut, table, wrap } from './table.ts';

type Paint = Terminal['paint'];

/** `10:00:07.123` on that day, UTC: a log is read in many places. */
export const clock = (atMs: number) => new Date(atMs).toISOString().replace('T', ' ').replace('Z', '');

export function renderVerdict(
  { fleet, span, marked, stateHash }: Replayed,
  checkpoint: JournalCheckpoint | null,
): string[] {
  return [
    span
      ? `entries 1 to ${fleet.seq}, ${clock(span.fromMs)} to ${clock(span.toMs)} UTC: whole, each with its hash`
      : 'the log is empty',
    `log hash    ${fleet.hash}`,
    `state hash  ${stateHash}`,
    ...(checkpoint === null
      ? []
      : marked === null
        ? [`checkpoint  at entry ${checkpoint.seq}, later than this`]
        : [`checkpoint  at entry ${checkpoint.seq}: the same state hash`]),
  ];
}

/** Without what only a living node knows: who was heard when. */
export function renderCluster(status: Status, paint: Paint, columns: number): string[] {
  const head = [
    paint('bold', `cluster ${status.cluster ?? '(no cluster file in the log yet)'}`),
    status.profile && `profile ${status.profile}`,
    status.roles.leader ? `leader ${status.roles.leader}, epoch ${status.epoch}` : 'no leader',
    `as of entry ${status.seq}${status.time ? `, ${status.time.replace('T', ' ').replace('Z', '')} UTC` : ''}`,
  ];
  return [
    cut(head.filter(Boolean).join(' · '), columns),
    ...alarms(status).flatMap((alarm) => wrap(`! ${alarm}`, columns).map((line) => paint('red', line))),
    '',
    ...hostTable(status, paint, columns),
    '',
    ...guestTable(status.guests, paint, columns, Number.POSITIVE_INFINITY),
    ...(status.pending.length > 0 ? ['', cut(`to do: ${status.pending.map(({ id }) => id).join(', ')}`, columns)] : []),
  ];
}

function hostTable({ hosts, arbiters }: Status, paint: Paint, columns: number): string[] {
  if (hosts.length === 0) return ['no hosts yet'];
  const rows = hosts.map((host) => [
    host.name,
    paint(stateStyle(host.state), host.state),
    host.selfFencing ? 'yes' : 'no',
    host.guests.length > 0 ? String(host.guests.length) : '-',
    host.why,
  ]);
  const [first = '', ...rest] = table(['HOST', 'STATE', 'SELF-FENCING', 'GUESTS', 'WHY'], rows, columns);
  return [paint('dim', first), ...rest, ...(arbiters.length > 0 ? [`arbiters: ${arbiters.join(', ')}`] : [])];
}
