/** What a story may expect, as a person would write it. */
import type { EntryType } from '../../machines/entries.ts';
import type { Claim, Counted } from './ast.ts';
import { type Phrase, phrase } from './phrase.ts';
import type { Slots } from './slots.ts';

type Make = (slots: Slots) => Claim;

const PATTERNS: Record<string, Make> = {
  'GUESTS runs|run nowhere': ({ GUESTS }) => ({ kind: 'runs-nowhere', guests: GUESTS }),
  'GUESTS runs|run without a break': ({ GUESTS }) => ({ kind: 'unbroken', guests: GUESTS }),
  'GUESTS runs|run on PLACES': ({ GUESTS, PLACES }) => ({ kind: 'runs', guests: GUESTS, hosts: PLACES }),
  'GUESTS runs|run': ({ GUESTS }) => ({ kind: 'runs', guests: GUESTS, hosts: [] }),
  'GUESTS is|are paused': ({ GUESTS }) => ({ kind: 'paused', guests: GUESTS }),
  'GUESTS is|are down for at most MS': ({ GUESTS, MS }) => ({ kind: 'down-at-most', guests: GUESTS, ms: MS }),
  'GUESTS are on one host': ({ GUESTS }) => ({ kind: 'together', guests: GUESTS, by: 'host' }),
  'GUESTS are on different hosts': ({ GUESTS }) => ({ kind: 'apart', guests: GUESTS, by: 'host' }),
  'GUESTS are in different racks': ({ GUESTS }) => ({ kind: 'apart', guests: GUESTS, by: 'domain' }),
  'GUESTS is|are GUEST_STATES': ({ GUESTS, GUEST_STATES }) => ({
    kind: 'guest-state',
    guests: GUESTS,
    states: GUEST_STATES,
  }),
  'HOSTS is|are HOST_STATES': ({ HOSTS, HOST_STATES }) => ({ kind: 'host-state', hosts: HOSTS, states: HOST_STATES }),
  'NODES is|are on': ({ NODES }) => ({ kind: 'power', nodes: NODES, on: true }),
  'NODES is|are off': ({ NODES }) => ({ kind: 'power', nodes: NODES, on: false }),

  'somebody leads': () => ({ kind: 'led', is: true }),
  'nobody leads': () => ({ kind: 'led', is: false }),
  'NODES leads|lead': ({ NODES }) => ({ kind: 'leads', nodes: NODES }),
  'the cluster is frozen': () => ({ kind: 'frozen', is: true }),
  'the cluster is not frozen': () => ({ kind: 'frozen', is: false }),
  'the brake is on': () => ({ kind: 'brake', is: true }),
  'the brake is off': () => ({ kind: 'brake', is: false }),
  'there is headroom': () => ({ kind: 'headroom', is: true }),
  'there is no headroom': () => ({ kind: 'headroom', is: false }),
  'every node agrees': () => ({ kind: 'agreement' }),

  'why cluster says TEXT': ({ TEXT }) => ({ kind: 'why', subject: null, says: TEXT }),
  'why OF says TEXT': ({ OF, TEXT }) => ({ kind: 'why', subject: OF ?? null, says: TEXT }),
  'the log says TEXT': ({ TEXT }) => ({ kind: 'log-says', says: TEXT, is: true }),
  'the log does not say TEXT': ({ TEXT }) => ({ kind: 'log-says', says: TEXT, is: false }),
  'the operator is told TEXT': ({ TEXT }) => ({ kind: 'answer', says: TEXT }),
  'ENTRY before THEN': ({ ENTRY, THEN }) => ({ kind: 'before', first: ENTRY, second: THEN }),
  'nothing starts': () => count(0, 0, { kind: 'start', of: null }),
};

const count = (least: number, most: number, what: Counted): Claim => ({ kind: 'count', least, most, what });

const AMOUNTS: Readonly<Record<string, (slots: Slots) => readonly [least: number, most: number]>> = {
  no: () => [0, 0],
  N: ({ N }) => [N, N],
  'at most N': ({ N }) => [0, N],
  'at least N': ({ N }) => [N, Number.MAX_SAFE_INTEGER],
};

const entries =
  (type: EntryType) =>
  (of: string | null): Counted => ({ kind: 'entry', entry: { type, of } });
const NOUNS: Readonly<Record<string, (of: string | null) => Counted>> = {
  'start|starts': (of) => ({ kind: 'start', of }),
  'reset|resets': (of) => ({ kind: 'reset', of }),
  'suspicion|suspicions': entries('host.suspected'),
  'fence|fences': entries('fence.proven'),
  'election|elections': entries('leader.elected'),
};

for (const [amount, bounds] of Object.entries(AMOUNTS)) {
  for (const [noun, what] of Object.entries(NOUNS)) {
    PATTERNS[`${amount} ${noun} [of OF]`] = (slots) => count(...bounds(slots), what(slots.OF ?? null));
  }
  PATTERNS[`${amount} ENTRY`] = (slots) => count(...bounds(slots), { kind: 'entry', entry: slots.ENTRY });
}

export const CLAIM_PHRASES: readonly Phrase<Claim>[] = Object.entries(PATTERNS).map(([pattern, make]) =>
  phrase(pattern, make),
);
