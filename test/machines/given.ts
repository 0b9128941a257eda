/** Stories for the engine: given what the log holds, when this is appended, then the state and the intents are so. */
import { expect } from 'vitest';
import type { Draft, Entry, EntryData, EntryType, Instance, Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet, GENESIS_HASH, latestLife } from '../../machines/fleet.ts';
import { apply, rejection } from '../../machines/fold.ts';
import type { Intent, IntentType } from '../../machines/intents.ts';
import { place } from '../../machines/placement.ts';
import { runnable } from '../../machines/runnable.ts';
import { type ClusterSpec, guestSchema, hostSchema, specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';

export const T0 = Date.parse('2026-01-01T12:00:00.000Z');

type GuestInput = Partial<Parameters<typeof guestSchema.parse>[0] & object> & Record<string, unknown>;

/** A cluster of `hosts` (h1…), each with 4 GiB and 4 vCPUs, and guests of 1 GiB and 1 vCPU unless said otherwise. */
export function spec(
  hosts: number | Record<string, object>,
  guests: Record<string, GuestInput> = {},
  more: Record<string, unknown> = {},
): ClusterSpec {
  const named =
    typeof hosts === 'number' ? Object.fromEntries(Array.from({ length: hosts }, (_, i) => [`h${i + 1}`, {}])) : hosts;
  const names = Object.keys(named);
  return specSchema.parse({
    cluster: 'lab',
    profile: 'fast',
    times: PROFILES.fast,
    voters: names.slice(0, names.length >= 5 ? 5 : names.length >= 3 ? 3 : 1),
    hosts: Object.fromEntries(
      names.map((name) => [
        name,
        hostSchema.parse({
          address: '10.0.0.1',
          capacity: { memoryMiB: 4096, vcpus: 4 },
          ...(named[name as keyof typeof named] as object),
        }),
      ]),
    ),
    guests: Object.fromEntries(
      Object.entries(guests).map(([name, guest]) => [
        name,
        guestSchema.parse({ definition: '<domain/>', resources: { memoryMiB: 1024, vcpus: 1 }, ...guest }),
      ]),
    ),
    ...more,
  });
}

export interface Story {
  readonly fleet: Fleet;
  readonly entries: readonly Stored[];
  /** Appends an entry `afterMs` (default 100) after the last. Returns its id. */
  append<T extends EntryType>(
    type: T,
    subject: string,
    data: EntryData<T>,
    options?: { afterMs?: number; cause?: string; epoch?: number },
  ): string;
  write(draft: Draft, afterMs?: number): string;
  /** Appends and expects the entry to be without force, for this reason. */
  refuse<T extends EntryType>(
    type: T,
    subject: string,
    data: EntryData<T>,
    why: RegExp,
    options?: { epoch?: number },
  ): void;
  join(host: string, counter?: number, instances?: readonly Instance[]): string;
  survey(host: string, counter?: number, instances?: readonly Instance[]): string;
  elect(node?: string): string;
  suspect(host: string): string;
  /** Proof R2 for the host's present life. */
  prove(host: string, counter?: number): string;
  /** Places everything that is ready to be placed, as the leader does. */
  placeAll(): void;
  /** Outcome of the pending intent of this type and subject. */
  outcome(
    verdict: 'succeeded' | 'failed' | 'unknown',
    type: 'start' | 'stop' | 'migrate' | 'power-on' | 'repair' | 'reinstall',
    subject: string,
  ): string;
  /** Lets an armed timer fire. */
  fire(timer: string): string;
  /** Places and starts everything until nothing more is ready. */
  settle(): void;
  intent<T extends IntentType>(type: T, subject: string): Extract<Intent, { type: T }> | undefined;
  host(name: string): Fleet['hosts'][string];
  guest(name: string): Fleet['guests'][string];
}

export function story(cluster: ClusterSpec): Story {
  let fleet: Fleet = emptyFleet;
  const entries: Stored[] = [];
  let atMs = T0;
  let epoch = 0;

  const write = (draft: Draft, afterMs = 100, inEpoch = epoch): string => {
    atMs += afterMs;
    const seq = entries.length + 1;
    const entry = {
      specversion: '1.0',
      id: `${inEpoch}.${seq}`,
      source: 'h1',
      time: new Date(atMs).toISOString(),
      epoch: inEpoch,
      prevhash: GENESIS_HASH,
      ...draft,
    } as Entry;
    const stored: Stored = { seq, hash: String(seq).padStart(64, '0'), entry };
    entries.push(stored);
    const before = JSON.stringify(fleet);
    const next = apply(fleet, stored);
    expect(JSON.stringify(fleet), 'the fold must not touch the state it is given').toBe(before);
    fleet = next;
    return entry.id;
  };

  const self: Story = {
    get fleet() {
      return fleet;
    },
    entries,
    write,
    append: (type, subject, data, { afterMs = 100, cause = 'observation', epoch: inEpoch = epoch } = {}) =>
      write({ type, subject, cause, data } as Draft, afterMs, inEpoch),
    refuse(type, subject, data, why, { epoch: inEpoch = epoch } = {}) {
      const before = fleet;
      const id = write({ type, subject, cause: 'observation', data } as Draft, 0, inEpoch);
      const entry = entries.at(-1)!.entry;
      expect(rejection(before, entry), `entry ${id}`).toMatch(why);
      expect({ ...fleet, seq: 0, hash: '' }).toEqual({ ...before, seq: 0, hash: '' });
    },
    join: (host, counter = 1, instances = []) => self.append('host.joined', `host/${host}`, answer(counter, instances)),
    survey: (host, counter = 1, instances = []) =>
      self.append('host.surveyed', `host/${host}`, answer(counter, instances)),
    elect(node = 'h1') {
      epoch += 1;
      return self.append('leader.elected', 'cluster', { node });
    },
    suspect: (host) =>
      self.append('host.suspected', `host/${host}`, {
        counter: latestLife(fleet.hosts[host]!.context),
        silentMs: 1_000,
        witnesses: [{ voter: 'h1', heardAgoMs: 1_000 }],
      }),
    prove(host, counter = latestLife(fleet.hosts[host]!.context)) {
      const readings = [
        { state: 'off' as const, atMs: 1 },
        { state: 'off' as const, atMs: 1_001 },
      ];
      return self.append(
        'fence.proven',
        `host/${host}`,
        {
          counter,
          proof: { kind: 'R2', method: 'ipmi', readings, readingsApartMs: 1_000, blockedBy: [] },
        },
        { cause: fleet.hosts[host]!.context.cause },
      );
    },
    placeAll() {
      const ready = runnable(fleet).ready.filter(({ intent }) => intent.type === 'place');
      const requests = ready.map(({ intent }) => intent as Extract<Intent, { type: 'place' }>);
      for (const { guest, host, why, refused } of place(fleet, requests)) {
        const pending = ready.find(({ intent }) => (intent as { guest: string }).guest === guest)!;
        const subject = `guest/${guest}`;
        const { cause } = pending;
        if (host === null) {
          self.append('guest.unplaced', subject, { why, refused: [...refused] }, { cause });
          continue;
        }
        const { release } = fleet.guests[guest]!.context;
        self.append(
          'guest.granted',
          subject,
          {
            host,
            counter: fleet.hosts[host]!.context.incarnation!.counter,
            purpose: (pending.intent as Extract<Intent, { type: 'place' }>).purpose,
            why,
            refused: [...refused],
            release: release ?? { kind: 'none', entry: '' },
          },
          { cause },
        );
      }
    },
    outcome(verdict, type, subject) {
      const pending = Object.values(fleet.intents).find((p) => p.subject === subject && p.intent.type === type);
      if (!pending)
        throw new Error(
          `no ${type} is pending for ${subject}: ${Object.keys(fleet.intents).join(', ') || 'nothing is'}`,
        );
      const { intent, cause } = pending;
      const about =
        intent.type === 'start' || intent.type === 'stop'
          ? { host: intent.host, counter: intent.counter, token: intent.token }
          : intent.type === 'migrate'
            ? { from: intent.from, to: intent.to, token: intent.token }
            : intent.type === 'power-on'
              ? { method: 'ipmi' }
              : intent.type === 'repair'
                ? { what: 'libvirt' }
                : {};
      const words = verdict === 'succeeded' ? { detail: '' } : { reason: 'because' };
      const noun = type === 'migrate' ? 'migration' : type;
      return write({
        type: `${noun}.${verdict}`,
        subject,
        cause,
        data: { intent: pending.id, ...about, ...words },
      } as Draft);
    },
    fire(timer) {
      const armed = fleet.timers[timer];
      if (!armed) throw new Error(`${timer} is not armed: ${Object.keys(fleet.timers).join(', ') || 'none is'}`);
      atMs = Math.max(atMs, armed.dueMs);
      return self.append('timer.fired', armed.subject, { timer, armedSeq: armed.armedSeq }, { afterMs: 0 });
    },
    settle() {
      for (let round = 0; round < 10; round += 1) {
        self.placeAll();
        for (const { subject, intent } of runnable(fleet).ready) {
          if (intent.type === 'start') self.outcome('succeeded', 'start', subject);
        }
      }
    },
    intent: (type, subject) =>
      Object.values(fleet.intents).find((p) => p.subject === subject && p.intent.type === type)?.intent as never,
    host: (name) => fleet.hosts[name]!,
    guest: (name) => fleet.guests[name]!,
  };

  self.elect();
  self.append('cluster.configured', 'cluster', { digest: 'd', spec: cluster }, { cause: 'operator' });
  return self;
}

const answer = (counter: number, instances: readonly Instance[]) => ({
  incarnation: { bootId: `boot-${counter}`, counter },
  selfFencing: true,
  watchdog: 'device',
  instances: [...instances],
});

/** A story in which every host has joined and every guest runs. */
export function running(cluster: ClusterSpec): Story {
  const told = story(cluster);
  for (const host of Object.keys(cluster.hosts)) told.join(host);
  told.settle();
  return told;
}
