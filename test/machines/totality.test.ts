/** The fold is pure and total, and whatever the log says, at most one holder of each guest is without a release proof. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { compareTokens, type Entry, type Stored } from '../../machines/entries.ts';
import { explain } from '../../machines/explain.ts';
import {
  emptyFleet,
  type Fleet,
  GUEST_STATES,
  type GuestStateName,
  HOST_STATES,
  type HostStateName,
  JOB_STATES,
  latestLife,
} from '../../machines/fleet.ts';
import { apply, fold, rejection } from '../../machines/fold.ts';
import { guestMachine } from '../../machines/guest.ts';
import { newGuest } from '../../machines/guest-parts.ts';
import { hostMachine } from '../../machines/host.ts';
import { newHost } from '../../machines/host-parts.ts';
import { jobMachine } from '../../machines/job.ts';
import { guestsOn } from '../../machines/routing.ts';
import { runnable } from '../../machines/runnable.ts';
import { sentence } from '../../machines/sentences.ts';
import { guestLadderSchema, hostLadderSchema } from '../../machines/spec.ts';
import { canonicalJson, jsonParts, stateHash, stateHashInSteps } from '../../machines/state-hash.ts';
import { emitted, makeStepper } from '../../machines/stepper.ts';
import { anyData, anySubject, type Draw, drawFrom, ENTRY_TYPES, nextEntry } from './chaos.ts';
import { running, spec, T0 } from './given.ts';

const seeds = fc.integer({ min: 1 });
const length = (most: number) => fc.integer({ min: 1, max: most });

function randomLog(draw: Draw, length: number): Stored[] {
  const entries: Stored[] = [];
  let fleet = emptyFleet;
  for (let i = 0; i < length; i += 1) {
    const stored = nextEntry(fleet, draw);
    entries.push(stored);
    fleet = apply(fleet, stored);
  }
  return entries;
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

describe('any log at all', () => {
  test('folds without a throw, without touching its input, and never loses sight of a holder', () => {
    let grants = 0;
    const reached = new Set<string>();
    fc.assert(
      fc.property(seeds, length(600), (seed, steps) => {
        let fleet: Fleet = emptyFleet;
        for (const stored of randomLog(drawFrom(seed), steps)) {
          const before = deepFreeze(fleet);
          fleet = apply(before, deepFreeze(stored));
          grants += checkGrant(before, stored, fleet);
          checkTables(fleet);
          const { ready, held } = runnable(fleet);
          if (ready.length + held.length !== Object.keys(fleet.intents).length)
            expect.unreachable('an intent is forgotten');
          if (/undefined|\[object/.test(sentence(stored.entry))) expect.unreachable(sentence(stored.entry));
          for (const { state } of Object.values(fleet.hosts)) reached.add(`host ${state}`);
          for (const { state } of Object.values(fleet.guests)) reached.add(`guest ${state}`);
          for (const { state } of Object.values(fleet.jobs)) reached.add(`job ${state}`);
          checkWrite(before, stored, fleet);
        }
      }),
      { numRuns: 60 },
    );
    expect(grants, 'the stories must be about something').toBeGreaterThan(300);
    const states = [
      ...Object.keys(HOST_STATES).map((s) => `host ${s}`),
      ...Object.keys(GUEST_STATES).map((s) => `guest ${s}`),
      ...Object.keys(JOB_STATES).map((s) => `job ${s}`),
    ];
    expect(states.filter((state) => !reached.has(state))).toEqual([]);
  });

  test('gives the same state entry by entry, in bulk, and from any checkpoint', () => {
    fc.assert(
      fc.property(seeds, length(200), fc.nat(200), (seed, steps, cut) => {
        const log = randomLog(drawFrom(seed), steps);
        const stepwise = log.reduce(apply, emptyFleet);
        const bulk = fold(emptyFleet, log);
        const checkpoint = JSON.parse(JSON.stringify(fold(emptyFleet, log.slice(0, cut)))) as Fleet;
        const resumed = fold(checkpoint, log.slice(cut));
        expect(canonicalJson(bulk)).toBe(canonicalJson(stepwise));
        expect(stateHash(resumed)).toBe(stateHash(bulk));
        const hashing = stateHashInSteps({ ...bulk });
        let step = hashing.next();
        while (!step.done) step = hashing.next();
        expect(step.value).toBe(stateHash(bulk));
        expect([...jsonParts(bulk, 'in-order')].join('')).toBe(JSON.stringify(bulk));
      }),
      { numRuns: 25 },
    );
  });

  test('is explained for every subject without a throw', () => {
    fc.assert(
      fc.property(seeds, length(200), (seed, steps) => {
        const log = randomLog(drawFrom(seed), steps);
        const fleet = fold(emptyFleet, log);
        const subjects = [
          'cluster',
          ...Object.keys(fleet.hosts).map((h) => `host/${h}`),
          ...Object.keys(fleet.guests).map((g) => `guest/${g}`),
        ];
        for (const subject of subjects)
          expect(explain(subject, log, fleet).join('\n')).not.toMatch(/undefined|NaN|\[object/);
      }),
      { numRuns: 25 },
    );
  });
});

/** A disk is given up only of a host that is proven stopped or never lived, holds nothing and is no voter. */
function checkWrite(before: Fleet, { entry }: Stored, after: Fleet): void {
  if (entry.type !== 'reinstall.committed') return;
  const host = entry.subject.slice('host/'.length);
  if (after.jobs[host]?.state !== 'committed' || before.jobs[host]?.state === 'committed') return;
  const { context } = before.hosts[host]!;
  const life = latestLife(context);
  if (life >= 0 && (context.fence === null || context.fence.counter < life))
    expect.unreachable(`${host} is not proven stopped`);
  if (before.frozen || before.brake || before.spec!.voters.includes(host)) expect.unreachable(`${host} is held back`);
  if (guestsOn(before, host).length > 0) expect.unreachable(`${host} may run guests`);
  expect(before.jobs[host]!.context).toMatchObject({ job: entry.data.job, attempt: entry.data.attempt });
}

/** A grant with force needs the release of the last one, and a higher token; nothing else moves a held grant unproven. */
function checkGrant(before: Fleet, { entry }: Stored, after: Fleet): number {
  let granted = 0;
  for (const [name, { context: now }] of Object.entries(after.guests)) {
    const was = before.guests[name]?.context;
    if (!was || was.grant === null || now.grant === null || was.grant.token === now.grant.token) {
      granted += was?.grant === null && now.grant !== null ? 1 : 0;
      continue;
    }
    if (entry.type === 'guest.adopted') continue;
    expect(entry.type).toBe('guest.granted');
    if (was.release === null) expect.unreachable(`${name} had an unreleased grant`);
    expect(compareTokens(now.grant.token, was.grant.token)).toBeGreaterThan(0);
    granted += 1;
  }
  for (const [name, { state, context }] of Object.entries(after.guests)) {
    const held = context.grant !== null && context.release === null;
    if (!held && ['running', 'suspect', 'stopping', 'migrating'].includes(state))
      expect.unreachable(`${name} is ${state}, held by nobody`);
    if (held && ['stopped', 'failed', 'reinstalling'].includes(state))
      expect.unreachable(`${name} is ${state}, yet may run`);
    for (const { subject, intent } of Object.values(after.intents)) {
      if (subject !== `guest/${name}`) continue;
      if (intent.type === 'start')
        expect(intent, `${name}: a start only under the present grant`).toMatchObject(context.grant!);
      if (intent.type === 'place' && intent.purpose !== 'migration' && held)
        expect.unreachable(`${name}: a place before its release`);
    }
  }
  return granted;
}

/** One pending intent for each subject and type, and every armed timer belongs to somebody who waits for it. */
function checkTables(fleet: Fleet): void {
  const kinds = Object.values(fleet.intents).map(({ subject, intent }) => `${subject}/${intent.type}`);
  if (new Set(kinds).size !== kinds.length) expect.unreachable(`two of a kind: ${kinds}`);
  for (const [id, { id: own, subject }] of [...Object.entries(fleet.intents), ...Object.entries(fleet.timers)]) {
    if (own !== id || !id.startsWith(`${subject}/`)) expect.unreachable(`${id} of ${subject} is filed wrongly`);
  }
}

describe('any state with any entry', () => {
  const draw = drawFrom(314_159);
  const fleet = running(spec(3, { g1: {}, g2: {}, g3: {}, constructor: {} })).fleet;
  const entryOf = (type: Entry['type'], subject: string) =>
    ({
      specversion: '1.0',
      id: '1.99',
      type,
      source: 'h1',
      subject,
      time: new Date(T0).toISOString(),
      epoch: 1,
      cause: 'observation',
      prevhash: '',
      data: anyData(type, fleet, draw),
    }) as Entry;

  test.each(Object.keys(HOST_STATES) as HostStateName[])('host %s', (state) => {
    const step = makeStepper(hostMachine);
    const facts = {
      atMs: T0,
      ladder: hostLadderSchema.parse({}),
      empty: false,
      installed: true,
      byHand: false,
      reinstalls: 3,
    };
    for (const context of [newHost('h1'), fleet.hosts.h1!.context]) {
      for (const type of ENTRY_TYPES) {
        for (let i = 0; i < 20; i += 1) {
          const [next] = step(
            hostMachine.resolveState({ value: state, context }),
            Object.assign(entryOf(type, 'host/h1'), facts, { spare: i % 2 === 0 }),
          );
          expect(Object.keys(HOST_STATES)).toContain(next.value);
        }
      }
    }
  });

  test.each(Object.keys(GUEST_STATES) as GuestStateName[])('guest %s', (state) => {
    const step = makeStepper(guestMachine);
    const facts = { atMs: T0, ladder: guestLadderSchema.parse({}), desired: null, quits: false, installMs: null };
    for (const context of [newGuest('g1'), fleet.guests.g1!.context]) {
      for (const type of ENTRY_TYPES) {
        for (let i = 0; i < 20; i += 1) {
          const [next] = step(
            guestMachine.resolveState({ value: state, context }),
            Object.assign(entryOf(type, anySubject(type, draw)), facts),
          );
          expect(Object.keys(GUEST_STATES)).toContain(next.value);
        }
      }
    }
  });
});

describe('the stepper', () => {
  test("equals xstate's own transition() in state, context and outputs", () => {
    const stepHost = makeStepper(hostMachine);
    const stepGuest = makeStepper(guestMachine);
    let moved = 0;
    fc.assert(
      fc.property(seeds, length(300), (seed, steps) => {
        const log = randomLog(drawFrom(seed), steps);
        let [host] = initialTransition(hostMachine, { id: 'h1' });
        let [guest] = initialTransition(guestMachine, { id: 'g1' });
        for (const { seq, entry } of log) {
          const hostEvent = Object.assign({}, entry, {
            atMs: seq,
            ladder: hostLadderSchema.parse({}),
            empty: seq % 2 === 0,
            installed: seq % 3 === 0,
            byHand: seq % 5 === 0,
            reinstalls: 3,
            spare: seq % 5 === 0,
          });
          const [theirHost, hostActions] = transition(hostMachine, host, hostEvent);
          const [ourHost, hostOutputs] = stepHost(host, hostEvent);
          expect([ourHost.value, ourHost.context, hostOutputs]).toEqual([
            theirHost.value,
            theirHost.context,
            outputsOf(hostActions),
          ]);
          const guestEvent = Object.assign({}, entry, {
            atMs: seq,
            ladder: guestLadderSchema.parse({}),
            desired: null,
            quits: false,
            installMs: null,
          });
          const [theirGuest, guestActions] = transition(guestMachine, guest, guestEvent);
          const [ourGuest, guestOutputs] = stepGuest(guest, guestEvent);
          expect([ourGuest.value, ourGuest.context, guestOutputs]).toEqual([
            theirGuest.value,
            theirGuest.context,
            outputsOf(guestActions),
          ]);
          moved += Number(ourGuest.value !== guest.value) + Number(ourHost.value !== host.value);
          host = ourHost;
          guest = ourGuest;
        }
      }),
      { numRuns: 20 },
    );
    expect(moved).toBeGreaterThan(100);
  });

  test('the machines know exactly the states that people are told about, and use nothing but emit and assign', () => {
    expect(Object.keys(hostMachine.states).sort()).toEqual(Object.keys(HOST_STATES).sort());
    expect(Object.keys(guestMachine.states).sort()).toEqual(Object.keys(GUEST_STATES).sort());
    expect(Object.keys(jobMachine.states).sort()).toEqual(Object.keys(JOB_STATES).sort());
    for (const machine of [hostMachine, guestMachine, jobMachine]) {
      for (const node of Object.values(machine.states)) {
        expect(node.invoke).toEqual([]);
        expect(node.after).toEqual([]);
      }
    }
  });
});

const outputsOf = (actions: readonly { type: string; params?: unknown }[]) => {
  for (const { type } of actions) expect(type).toBe('xstate.emit');
  return actions.map((action) => emitted(action));
};

test('an entry without force changes nothing but the head of the log', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const draw = drawFrom(seed);
      let fleet: Fleet = emptyFleet;
      for (let i = 0; i < 200; i += 1) {
        const stored = nextEntry(fleet, draw);
        const before = fleet;
        fleet = apply(fleet, stored);
        if (rejection(before, stored.entry) === null) continue;
        const { seq, hash, wallMs, nowMs } = fleet;
        expect(fleet).toEqual({ ...before, seq, hash, wallMs, nowMs });
      }
    }),
    { numRuns: 25 },
  );
});
