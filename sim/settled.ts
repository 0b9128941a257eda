/**
 * The past of a cluster that has run for long: every host registered in its first life, every guest was granted a place
 * and started there. Its entries are made and folded at once, which takes seconds where tens of thousands of guests,
 * started one after the other, take an hour of virtual time.
 */
import type { Draft, Stored } from '../machines/entries.ts';
import { emptyFleet, type Fleet } from '../machines/fleet.ts';
import { fold } from '../machines/fold.ts';
import type { IntentType, PendingIntent } from '../machines/intents.ts';
import { place } from '../machines/placement.ts';
import type { ClusterSpec } from '../machines/spec.ts';
import { stateHash } from '../machines/state-hash.ts';
import type { AgentMemory, VoterRegisters } from '../services/ports.ts';
import { WALL_START_MS } from './scheduler.ts';
import { toStored } from './stream.ts';

/** Epoch of the leader of that past, and the life that every host was and still is in. */
const EPOCH = 1;
const LIFE = 0;
/** It ended so long before the beginning, in virtual ms. */
const AGO_MS = 3_600_000;

export interface Past {
  readonly entries: readonly Stored[];
  readonly checkpoint: { readonly seq: number; readonly stateHash: string; readonly fleet: Fleet };
}

export function settledPast(spec: ClusterSpec): Past {
  const node = spec.voters[0]!;
  const entries: Stored[] = [];
  let fleet: Fleet = emptyFleet;
  const write = (drafts: readonly Draft[]) => {
    const from = entries.length;
    for (const draft of drafts) {
      const { seq, hash } = entries.at(-1) ?? fleet;
      entries.push(toStored(draft, { seq, hash }, { node, epoch: EPOCH, atMs: WALL_START_MS - AGO_MS }));
    }
    fleet = fold(fleet, entries.slice(from));
  };
  const cluster = { subject: 'cluster', cause: 'observation' } as const;

  write([
    { type: 'leader.elected', ...cluster, data: { node } },
    { type: 'cluster.configured', ...cluster, data: { digest: 'sim', spec } },
    ...Object.entries(spec.hosts).map(
      ([host, { watchdog }]): Draft => ({
        type: 'host.joined',
        subject: `host/${host}`,
        cause: 'observation',
        data: {
          incarnation: { bootId: firstBoot(host), counter: LIFE },
          selfFencing: watchdog.kind !== 'none',
          watchdog: watchdog.kind === 'none' ? 'none' : 'simulated watchdog',
          instances: [],
        },
      }),
    ),
  ]);
  const wanted = pending(fleet, 'place');
  const causes = new Map(wanted.map(({ subject, cause }) => [subject, cause]));
  const places = place(
    fleet,
    wanted.map(({ intent }) => intent),
  );
  write(
    places.flatMap(({ guest, host, why, refused }): Draft[] => {
      const subject = `guest/${guest}`;
      const cause = causes.get(subject)!;
      if (host === null)
        return [{ type: 'guest.unplaced', subject, cause, data: { why, refused: refused.map((one) => ({ ...one })) } }];
      const release = { kind: 'none', entry: cause } as const;
      const data = { host, counter: LIFE, purpose: 'first-start', why, refused: [], release } as const;
      return [{ type: 'guest.granted', subject, cause, data: { ...data, refused: [] } }];
    }),
  );
  write(
    pending(fleet, 'start').map(({ id, subject, cause, intent: { host, counter, token } }) => ({
      type: 'start.succeeded',
      subject,
      cause,
      data: { intent: id, host, counter, token, detail: '' },
    })),
  );
  return { entries, checkpoint: { seq: fleet.seq, stateHash: stateHash(fleet), fleet } };
}

type Pending<T extends IntentType> = PendingIntent & { intent: Extract<PendingIntent['intent'], { type: T }> };
const pending = <T extends IntentType>({ intents }: Fleet, type: T): Pending<T>[] =>
  Object.values(intents).filter((one): one is Pending<T> => one.intent.type === type);

/** The boot that a host of such a past is in. */
export const firstBoot = (host: string): string => `${host}-1`;

/** Tokens of the guests that `host` runs at the end of that past, by name. */
export function runningOn({ checkpoint: { fleet } }: Past): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const [guest, { state, context }] of Object.entries(fleet.guests)) {
    if (state !== 'running' || !context.grant) continue;
    const { host, token } = context.grant;
    found.set(host, (found.get(host) ?? new Map<string, string>()).set(guest, token));
  }
  return found;
}

/** What such a past has left on the disks of a node. */
export function remember(
  memory: AgentMemory,
  registers: VoterRegisters,
  host: string,
  guests: ReadonlyMap<string, string>,
  hosts: readonly string[],
): void {
  registers.raiseEpoch(EPOCH);
  for (const each of hosts) registers.raisePromised(each, LIFE);
  memory.raiseEpoch(EPOCH);
  memory.setIncarnation({ bootId: firstBoot(host), counter: LIFE });
  for (const [guest, token] of guests) memory.putGrant({ guest, counter: LIFE, token });
}
