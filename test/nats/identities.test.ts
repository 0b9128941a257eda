/** Goal: a daemon knows a reinstalled host by its new keys from its first moment on, and its server is told. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enrolledIn, readEnrolled, writeEnrolled } from '../../adapters/keys/enrolled.ts';
import type { Identities } from '../../adapters/keys/identities.ts';
import { holdIdentities, takeFromLog } from '../../daemon/identities.ts';
import type { Stored } from '../../machines/entries.ts';
import { emptyFleet, type Fleet } from '../../machines/fleet.ts';
import { listening } from './cluster.ts';

let state: string;
let told: Identities[];
const server = {
  setIdentities: async (identities: Identities) => {
    told.push(identities);
  },
};
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'rekindle-identities-'));
  mkdirSync(join(state, 'keys'));
  told = [];
});
afterEach(() => rmSync(state, { recursive: true }));

const key = () => createUser().getPublicKey();
const keysOfNode = () => ({ agent: key(), voter: key(), controller: key(), node: key() });
const given: Identities = {
  cluster: 'lab',
  voters: ['h1'],
  nodes: { h1: keysOfNode(), h4: keysOfNode() },
  clients: { monitor: key(), admin: key() },
  operators: {},
};
const hold = (say = listening()) => holdIdentities(state, given, server, say);

test('new keys are kept, signing keys and the server follow, and the next daemon begins with them', () => {
  const anew = keysOfNode();
  const held = hold();
  const { signing } = held;
  held.take({ h4: anew });
  expect(held.current().nodes).toEqual({ h1: given.nodes.h1, h4: anew });
  expect(signing).toEqual({ h1: given.nodes.h1!.node, h4: anew.node });
  expect(told).toEqual([held.current()]);

  const next = hold();
  expect(next.current().nodes.h4).toEqual(anew);
  // A copy of the log that is not up to date yet takes nothing back.
  next.take({});
  next.take({ h4: anew });
  expect(next.current().nodes.h4).toEqual(anew);
  expect(told).toHaveLength(1);
});

test('a copy that cannot be written is said, and the keys count all the same; a damaged one is taken from the log anew', () => {
  rmSync(join(state, 'keys'), { recursive: true });
  writeFileSync(join(state, 'keys'), 'no directory');
  const say = listening();
  const held = hold(say);
  const anew = keysOfNode();
  held.take({ h4: anew });
  expect(say.lines.join()).toContain('cannot be kept');
  expect(held.current().nodes.h4).toEqual(anew);

  rmSync(join(state, 'keys'));
  mkdirSync(join(state, 'keys'));
  writeFileSync(join(state, 'keys', 'enrolled.json'), '{"h4":');
  expect(readEnrolled(state)).toEqual({});
  hold().take({ h4: anew });
  expect(readEnrolled(state)).toEqual({ h4: anew });
  expect(existsSync(join(state, 'keys', 'enrolled.json.new'))).toBe(false);
});

test('keys that are none are not taken from the log: no server would start with them', () => {
  const anew = keysOfNode();
  const enrolled = { h3: { ...anew, node: 'no key' }, h4: anew };
  expect(enrolledIn({ ...emptyFleet, enrolled })).toEqual({ h4: anew });
});

test('of what the log held before, only the outcome is taken: a host that was installed twice does not shut itself out', () => {
  const [first, second, third] = [keysOfNode(), keysOfNode(), keysOfNode()];
  writeEnrolled(state, { h4: second });
  const held = hold();
  let fleet = emptyFleet;
  let listener: (stored: Stored, fleet: Fleet) => void = () => {};
  const controller = {
    fleet: () => fleet,
    onEntry: (given: typeof listener) => {
      listener = given;
      return () => {};
    },
  };
  const comes = (seq: number, type: string, keys: typeof first) => {
    fleet = { ...fleet, seq, enrolled: { h4: keys } };
    listener({ seq, entry: { type } } as Stored, fleet);
    return held.current().nodes.h4;
  };
  takeFromLog(held, controller, 3);
  expect(comes(1, 'host.enrolled', first)).toEqual(second);
  expect(comes(2, 'host.enrolled', second)).toEqual(second);
  expect(comes(3, 'host.registered', second)).toEqual(second);
  expect(told).toEqual([]);
  expect(comes(4, 'host.enrolled', third)).toEqual(third);
  expect(told).toHaveLength(1);
});
