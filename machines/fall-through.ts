/**
 * A machine that boots from its disk first, and asks for a network boot, has found nothing to start on its disk. While a
 * power-cycled host is waited for, that ends the wait: why it is safe, docs/decisions/0019.
 */
import type { Draft, EntryOf } from './entries.ts';
import type { Fleet } from './fleet.ts';
import { nameOf } from './sentences.ts';
import { get } from './table.ts';

/** What it tells that this MAC asks, as `by` sees it; null: nothing. */
export function fallThrough(fleet: Fleet, mac: string, by: string): (Draft & { type: 'boot.fallen-through' }) | null {
  const hosts = fleet.spec?.hosts ?? {};
  const host = Object.keys(hosts).find((name) => hosts[name]!.machine?.macs.includes(mac));
  const waits = host === undefined ? undefined : get(fleet.timers, `host/${host}/rejoin`);
  if (host === undefined || !waits) return null;
  const draft = {
    type: 'boot.fallen-through',
    subject: `host/${host}`,
    cause: fleet.hosts[host]!.context.cause,
    data: { mac, by, armedSeq: waits.armedSeq },
  } as const;
  return wrongFallThrough(fleet, draft) === null ? draft : null;
}

/** Why it tells nothing, as a sentence; null: its start from its disk has failed. */
export function wrongFallThrough(
  { spec, timers, jobs }: Pick<Fleet, 'spec' | 'timers' | 'jobs'>,
  { subject, data }: Pick<EntryOf<'boot.fallen-through'>, 'subject' | 'data'>,
): string | null {
  const host = nameOf(subject);
  const machine = spec && get(spec.hosts, host)?.machine;
  if (!machine?.macs.includes(data.mac)) return `${data.mac} is no network card of ${host}`;
  // A machine that tries the network first asks at every start, however well its disk is.
  if (machine.bootOrder !== 'disk-first') return `nobody says that ${host} boots from its disk first`;
  // Of this very start: what was seen of an earlier one may arrive late, and has been counted.
  if (get(timers, `${subject}/rejoin`)?.armedSeq !== data.armedSeq)
    return `the start of ${host} that entry ${data.armedSeq} waits for is over`;
  // Its BMC was told to boot from the network, and it did not come: it may be doing so only now, before its disk.
  const job = get(jobs, host);
  return job && job.context.token === null ? `${host} may have been told to boot from the network` : null;
}
