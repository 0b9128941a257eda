import { createHash } from 'node:crypto';
import { parseEntry, type Stored } from '../../machines/entries.ts';
import { GENESIS_HASH } from '../../machines/fleet.ts';

/** Entries as the log makes them, each naming the hash of the one before. */
export function chain(length: number, from: { seq: number; hash: string } = { seq: 0, hash: GENESIS_HASH }): Stored[] {
  const entries: Stored[] = [];
  let { seq, hash } = from;
  while (entries.length < length) {
    const entry = parseEntry({
      specversion: '1.0',
      id: `1.${++seq}`,
      type: 'host.degraded',
      source: 'h1',
      subject: 'host/h1',
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      epoch: 1,
      cause: 'observation',
      prevhash: hash,
      data: { what: 'disk', reason: `slow — "${seq}" \\ é` },
    });
    hash = createHash('sha256').update(JSON.stringify(entry)).digest('hex');
    entries.push({ seq, hash, entry });
  }
  return entries;
}
