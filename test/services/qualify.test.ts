/** Goal: a new host gets guests only if it can hold them, and what is wrong with it is said in sentences. */
import { beforeEach, describe, expect, test } from 'vitest';
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { canaryName, createQualify } from '../../services/agent/qualify.ts';
import type { Outcome, Qualification } from '../../services/ports.ts';

const capacity = { memoryMiB: 1_024, vcpus: 1 };
const guest = (definition: string, more: object = {}) => ({ definition, resources: capacity, ...more });
const specWith = (guests: Record<string, object>) =>
  specSchema.parse({
    cluster: 'lab',
    profile: 'fast',
    times: PROFILES.fast,
    voters: ['h1', 'h2', 'h3'],
    hosts: Object.fromEntries(
      ['h1', 'h2', 'h3', 'h4'].map((name) => [name, { address: name, capacity, storage: ['san', 'drbd-a'] }]),
    ),
    guests,
  });
const spec = specWith({
  g1: guest('xml of g1', { storage: ['san'] }),
  g2: guest('xml of g2', { storage: ['san', 'drbd-b'] }),
  g3: guest('xml of g3'),
  g4: guest('xml of g4', { storage: ['san'], hosts: ['h1'] }),
});

const fine: Outcome = { kind: 'succeeded', detail: 'fine' };
const bad = (reason: string): Outcome => ({ kind: 'failed', reason });
const WALL_MS = 1_000_000;

/** What was allowed, and what was tested meanwhile, in order. */
let done: string[];
let host: Qualification;
beforeEach(() => {
  done = [];
  host = {
    virtualization: async () => fine,
    images: async (definition) => {
      done.push(`look ${definition}`);
      return fine;
    },
    ways: async () => ({ h1: true, h2: true, h3: true }),
    canary: async (name) => {
      done.push(`canary ${name}`);
      return fine;
    },
  };
});
const begin = (of = spec) =>
  createQualify('h4', of, {
    clock: { now: () => 0, wall: () => WALL_MS, after: () => () => {} },
    guard: {
      allow: (name) => void done.push(`allow ${name}`),
      revoke: (name) => void done.push(`revoke ${name}`),
      setLeaseEnd: () => {},
    },
    qualification: host,
    say: { info: () => {}, warn: () => {}, error: () => {} },
  });
const qualify = () => begin()(WALL_MS);
const reason = async () => {
  const outcome = await qualify();
  return outcome.kind === 'succeeded' ? outcome.kind : `${outcome.kind}: ${outcome.reason}`;
};

test('a sound host says what was measured', async () => {
  expect(await begin()(WALL_MS - 1_500)).toEqual({
    kind: 'succeeded',
    detail:
      "clock: 1.5 s from the leader's; virtualization: fine; storage: guests whose images are there: 1; network: 3 of 3 other nodes are reached; canary guest: fine",
  });
});

test('the canary is let through under its own name, while it is tried and not a moment longer', async () => {
  host = {
    ...host,
    canary: async (name) => {
      done.push(`canary ${name}`);
      throw new Error('broke');
    },
  };
  const test = begin();
  expect(done).toEqual(['revoke rekindle-canary']);
  await expect(test(WALL_MS)).rejects.toThrow('broke');
  expect(done.slice(-3)).toEqual(['allow rekindle-canary', 'canary rekindle-canary', 'revoke rekindle-canary']);
});

test('no guest of the cluster has its name', () => {
  const taken = specWith({ 'rekindle-canary': guest('a'), 'rekindle-canary-0': guest('b') });
  expect(taken.guests).not.toHaveProperty(canaryName(taken));
});

test('two leaders that ask are told of one test', async () => {
  const test = begin();
  const [one, two] = [test(WALL_MS), test(WALL_MS)];
  expect(await one).toBe(await two);
  expect(done.filter((what) => what.startsWith('canary'))).toHaveLength(1);
});

describe('storage', () => {
  test('only images on storage that the cluster file names for this host are looked for', async () => {
    await qualify();
    expect(done.filter((what) => what.startsWith('look'))).toEqual(['look xml of g1']);
  });

  test('an image that is not there is named with its storage', async () => {
    host = { ...host, images: async () => bad('/san/g1.qcow2: ENOENT') };
    expect(await reason()).toBe('failed: storage san, image of g1: /san/g1.qcow2: ENOENT');
  });
});

describe('the network', () => {
  test('nodes that are down are told, and hold up nobody', async () => {
    host = { ...host, ways: async () => ({ h1: true, h2: true, h3: false }) };
    expect(await begin()(WALL_MS)).toMatchObject({ kind: 'succeeded', detail: expect.stringContaining('not h3') });
  });

  test('without a majority of the voters it is this host that is cut off', async () => {
    host = { ...host, ways: async () => ({ h1: true, h2: false, h3: false }) };
    expect(await reason()).toBe('failed: network: 1 of 3 other nodes are reached, not h2, h3');
  });
});

test('a clock further off than a lease lasts fails it', async () => {
  const outcome = await begin()(WALL_MS + spec.times.leaseMs + 1);
  expect(outcome).toEqual({ kind: 'failed', reason: "clock: 5.0 s from the leader's" });
});

test('everything that is wrong is told, and what is only not known counts less', async () => {
  const silent: Outcome = { kind: 'unknown', reason: 'libvirt is silent' };
  host = { ...host, canary: async () => silent };
  expect(await reason()).toBe('unknown: canary guest: libvirt is silent');
  host = { ...host, virtualization: async () => bad('no KVM'), images: async () => bad('gone') };
  expect(await reason()).toBe('failed: virtualization: no KVM; storage san, image of g1: gone');
});
