/** What people ordered, and changes of leader that nothing in the log explains. */
import type { Entry } from '../../machines/entries.ts';
import { nameOf } from '../../machines/sentences.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Order } from '../../services/protocol.ts';
import type { Found, Happening, Step } from './script.ts';

export function ordersOf(steps: readonly Step[], { times }: ClusterSpec): Found {
  const happenings: Happening[] = [];
  const assumed: string[] = [];
  const gaveUp: string[] = [];
  const lost = lossesOf(steps);

  for (const { stored, atMs, before } of steps) {
    const { entry } = stored;
    const order = orderOf(entry);
    if (order) {
      const what = `${order.by} orders: ${WORDS[order.kind]} ${'host' in order ? order.host : 'guest' in order ? order.guest : ''}`;
      happenings.push({
        atMs: atMs - 1,
        spreadMs: 0,
        what: what.trim(),
        entry: entry.id,
        fault: { kind: 'order', order },
      });
    }
    // One that is elected again lost a voter, and does so in a rehearsal too.
    if (entry.type !== 'leader.elected' || before.leader === null || before.leader === entry.data.node) continue;
    const was = before.leader;
    const explained = lost.some(
      ({ node, fromMs, toMs }) => node === was && fromMs < atMs && toMs > atMs - 4 * times.leaderLeaseMs,
    );
    if (explained) continue;
    gaveUp.push(entry.id);
    happenings.push({
      atMs: atMs - 1,
      spreadMs: 0,
      what: `${was} gives its lead away`,
      entry: entry.id,
      fault: { kind: 'order', order: { kind: 'step-down', by: 'replay' } },
    });
  }
  if (gaveUp.length > 0) {
    assumed.push(
      `why the leader changed is not in the log (${gaveUp.length === 1 ? 'entry' : 'entries'} ${gaveUp.join(', ')}): the old one is asked to step down, and who follows may be another`,
    );
  }
  return { happenings, incidents: [], assumed, leftOut: [] };
}

const WORDS: Readonly<Record<Order['kind'], string>> = {
  fence: 'fence',
  'confirm-off': 'word that it is off:',
  freeze: 'freeze',
  thaw: 'thaw',
  'release-brake': 'release the storm brake',
  'set-desired': 'start or stop',
  migrate: 'migrate',
  maintenance: 'maintenance of',
  reinstall: 'reinstall',
  'veto-reinstall': 'veto the reinstallation of',
  'offer-join': 'ticket for',
  'publish-image': 'publish image',
  'step-down': 'step down',
};

/** The order that an entry answers; null when no person gave one. */
function orderOf(entry: Entry): Order | null {
  const name = nameOf(entry.subject);
  if (entry.type === 'fence.proven' && entry.data.proof.kind === 'R5') {
    const { by, checked, key, signature } = entry.data.proof;
    return { kind: 'confirm-off', host: name, counter: entry.data.counter, by, checked, key, signature };
  }
  if (entry.cause !== 'operator') return null;
  switch (entry.type) {
    case 'fence.requested':
      return { kind: 'fence', host: name, by: entry.data.by, reason: entry.data.reason };
    case 'cluster.frozen':
      return { kind: 'freeze', by: entry.data.by, reason: entry.data.reason };
    case 'cluster.thawed':
      return { kind: 'thaw', by: entry.data.by };
    case 'brake.released':
      return { kind: 'release-brake', by: entry.data.by };
    case 'guest.ordered':
      return { kind: 'set-desired', guest: name, desired: entry.data.desired, by: entry.data.by };
    case 'guest.migration-requested':
      return { kind: 'migrate', guest: name, to: entry.data.to, by: entry.data.by };
    case 'maintenance.started': {
      const { by, drain } = entry.data;
      return { kind: 'maintenance', host: name, on: true, by, ...(drain ? { drain } : {}) };
    }
    case 'maintenance.ended':
      return { kind: 'maintenance', host: name, on: false, by: entry.data.by };
    default:
      return null;
  }
}

/** When nodes could not lead, as the log tells it: silent, or gone with their host. */
function lossesOf(steps: readonly Step[]): { readonly node: string; readonly fromMs: number; readonly toMs: number }[] {
  return steps.flatMap(({ stored: { entry }, atMs }) => {
    const node = nameOf(entry.subject);
    if (entry.type === 'host.suspected') return [{ node, fromMs: atMs - entry.data.silentMs - 1_000, toMs: atMs }];
    if (entry.type === 'host.quiesced') return [{ node, fromMs: atMs - entry.data.pausedMs - 30_000, toMs: atMs }];
    // It registers anew: it was away before.
    if (entry.type === 'host.joined') return [{ node, fromMs: atMs - 60_000, toMs: atMs }];
    return [];
  });
}
