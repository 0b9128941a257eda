/** A long, ordinary log: guests crash and are started again, hosts are lost and come back. Real entries, chained. */
import { createHash } from 'node:crypto';
import { type Draft, type Entry, parseEntry, type Stored } from '../machines/entries.ts';
import { emptyFleet, type Fleet } from '../machines/fleet.ts';
import { apply, rejection } from '../machines/fold.ts';
import type { Intent, PendingIntent } from '../machines/intents.ts';
import { place } from '../machines/placement.ts';
import { runnable } from '../machines/runnable.ts';
import { type ClusterSpec, specSchema } from '../machines/spec.ts';
import { PROFILES } from '../machines/times.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const HOST_LOSS_EVERY = 60;

/** `hosts` alike, with room for twice as many guests as there are. */
export function fleetSpec(hosts: number, guests: number, more: (guest: number) => object = () => ({})): ClusterSpec {
  const perHost = Math.ceil(guests / hosts) * 2;
  const names = Array.from({ length: hosts }, (_, i) => `h${i + 1}`);
  const definition = '<domain/>';
  return specSchema.parse({
    cluster: 'bench',
    profile: 'fast',
    times: PROFILES.fast,
    voters: names.slice(0, 3),
    hosts: Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          address: name,
          capacity: { memoryMiB: 1_024 * perHost, vcpus: perHost },
          storage: ['pool'],
          domain: `rack${i % 8}`,
        },
      ]),
    ),
    guests: Object.fromEntries(
      Array.from({ length: guests }, (_, i) => [
        `g${i + 1}`,
        { definition, resources: { memoryMiB: 1_024, vcpus: 1 }, storage: ['pool'], ...more(i) },
      ]),
    ),
  });
}

/** At least `length` entries, every one with force. */
export function storyOf(spec: ClusterSpec, length: number): Stored[] {
  const entries: Stored[] = [];
  let fleet: Fleet = emptyFleet;
  let atMs = START_MS;
  // A guest's old failures have left its budget by the time it fails again.
  const { withinMs } = Object.values(spec.guests)[0]!.ladder.inPlace;
  const stepMs = Math.ceil((withinMs * 1.1) / Object.keys(spec.guests).length);
  const write = (draft: Draft): void => {
    const seq = fleet.seq + 1;
    const entry: Entry = parseEntry({
      specversion: '1.0',
      id: `1.${seq}`,
      source: 'h1',
      time: new Date(atMs).toISOString(),
      epoch: 1,
      prevhash: fleet.hash,
      ...draft,
    });
    const why = rejection(fleet, entry);
    if (why !== null) throw new Error(`entry ${seq}, ${entry.type}: ${why}`);
    const stored = { seq, hash: createHash('sha256').update(JSON.stringify(entry)).digest('hex'), entry };
    entries.push(stored);
    fleet = apply(fleet, stored);
  };
  const join = (host: string, counter: number) =>
    write({
      type: 'host.joined',
      subject: `host/${host}`,
      cause: 'observation',
      data: {
        incarnation: { bootId: `boot-${counter}`, counter },
        selfFencing: true,
        watchdog: 'device',
        instances: [],
      },
    });

  /** Carries out what is pending, as a leader does, until nothing is. */
  const settle = () => {
    for (let { ready } = runnable(fleet); ready.length > 0; { ready } = runnable(fleet)) {
      const wanted = ready.filter(({ intent }) => intent.type === 'place');
      const requests = wanted.map(({ intent }) => intent as Extract<Intent, { type: 'place' }>);
      for (const placed of place(fleet, requests)) write(granted(fleet, placed, wanted));
      for (const pending of ready) {
        const draft = outcomeOf(pending);
        if (draft) write(draft);
      }
    }
  };

  write({ type: 'leader.elected', subject: 'cluster', cause: 'observation', data: { node: 'h1' } });
  write({ type: 'cluster.configured', subject: 'cluster', cause: 'observation', data: { digest: 'd', spec } });
  for (const host of Object.keys(spec.hosts)) join(host, 1);
  settle();

  const hosts = Object.keys(spec.hosts);
  const guests = Object.keys(spec.guests);
  for (let step = 1; entries.length < length; step++) {
    atMs += stepMs;
    if (step % HOST_LOSS_EVERY === 0) lose(hosts[(step / HOST_LOSS_EVERY) % hosts.length]!);
    else crash(guests[step % guests.length]!);
  }
  return entries;

  function crash(guest: string): void {
    const { host, counter, token } = fleet.guests[guest]!.context.grant!;
    const data = { host, counter, token, cause: 'process-died', gone: true, detail: 'killed' } as const;
    write({ type: 'guest.crashed', subject: `guest/${guest}`, cause: 'observation', data });
    settle();
  }

  function lose(host: string): void {
    const subject = `host/${host}`;
    const { counter } = fleet.hosts[host]!.context.incarnation!;
    const witnesses = spec.voters.map((voter) => ({ voter, heardAgoMs: 1_100 }));
    write({ type: 'host.suspected', subject, cause: 'observation', data: { counter, silentMs: 1_100, witnesses } });
    atMs += 500;
    const readings = [300, 400].map((ms) => ({ state: 'off' as const, atMs: ms }));
    const blockedBy = spec.voters.slice(0, 2).map((voter) => ({
      ...{ voter, host, counter, epoch: 1, remainingMs: 3_900 },
      signature: 's'.repeat(86),
    }));
    const proof = { kind: 'R2', method: 'ipmi 10.0.0.1', readings, readingsApartMs: 100, blockedBy } as const;
    write({ type: 'fence.proven', subject, cause: entries.at(-1)!.entry.id, data: { counter, proof } });
    settle();
    atMs += 60_000;
    join(host, counter + 1);
    settle();
  }
}

function granted(fleet: Fleet, placed: ReturnType<typeof place>[number], wanted: readonly PendingIntent[]): Draft {
  const { guest, host, why } = placed;
  const { cause, intent } = wanted.find((one) => 'guest' in one.intent && one.intent.guest === guest)!;
  if (host === null || intent.type !== 'place') throw new Error(`no host for ${guest}: ${why}`);
  const { release } = fleet.guests[guest]!.context;
  return {
    type: 'guest.granted',
    subject: `guest/${guest}`,
    cause,
    data: {
      host,
      counter: fleet.hosts[host]!.context.incarnation!.counter,
      purpose: intent.purpose,
      why,
      refused: placed.refused.map((one) => ({ ...one })),
      release: release ?? { kind: 'none', entry: cause },
    },
  };
}

/** Everything succeeds. */
function outcomeOf({ id, subject, cause, intent }: PendingIntent): Draft | null {
  switch (intent.type) {
    case 'start': {
      const { host, counter, token } = intent;
      return { type: 'start.succeeded', subject, cause, data: { intent: id, host, counter, token, detail: 'running' } };
    }
    case 'power-on':
      return {
        type: 'power-on.succeeded',
        subject,
        cause,
        data: { intent: id, method: 'ipmi 10.0.0.1', detail: 'on' },
      };
    default:
      return null;
  }
}
