/** What survives a crash of a node: the registers, the agent's memory and the journal, held in plain memory. */
import { createHash } from 'node:crypto';
import { compareTokens, type Stored } from '../machines/entries.ts';
import { GENESIS_HASH } from '../machines/fleet.ts';
import { failure } from '../services/errors.ts';
import type { AgentMemory, EndedGrant, HeldGrant, Journal, Outcome, VoterRegisters } from '../services/ports.ts';

export function createRegisters(): VoterRegisters {
  let epoch = 0;
  const blocked = new Map<string, number>();
  const promised = new Map<string, number>();
  const raise = (register: Map<string, number>, host: string, counter: number) => {
    register.set(host, Math.max(counted(counter), register.get(host) ?? -1));
    return register.get(host)!;
  };
  return {
    highestEpoch: () => epoch,
    raiseEpoch: (to) => (epoch = Math.max(epoch, counted(to))),
    blockedCounter: (host) => blocked.get(host) ?? -1,
    raiseBlocked: (host, counter) => raise(blocked, host, counter),
    promisedCounter: (host) => promised.get(host) ?? -1,
    raisePromised: (host, counter) => raise(promised, host, counter),
  };
}

/** The column of the real one takes nothing else. */
function counted(value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new RangeError(`${value} is no counter`);
}

/** As adapters/sqlite/agent-memory.ts: outcomes set longer ago than so many others are forgotten. */
const REMEMBERED = 1_000;

export function createMemory(): AgentMemory {
  let incarnation: { bootId: string; counter: number } | null = null;
  let epoch = 0;
  const grants = new Map<string, HeldGrant>();
  const tokens = new Map<string, string>();
  const untold = new Map<string, EndedGrant>();
  const done = new Map<string, { readonly n: number; readonly outcome: Outcome }>();
  let outcomes = 0;
  const raiseToken = (guest: string, token: string) => {
    const before = tokens.get(guest);
    if (!before || compareTokens(token, before) > 0) tokens.set(guest, token);
  };
  return {
    incarnation: () => incarnation,
    setIncarnation(next) {
      incarnation = next;
    },
    highestEpoch: () => epoch,
    raiseEpoch: (to) => (epoch = Math.max(epoch, to)),
    grants: () => [...grants.values()].sort((a, b) => (a.guest < b.guest ? -1 : 1)),
    putGrant(grant) {
      grants.set(grant.guest, grant);
      raiseToken(grant.guest, grant.token);
    },
    dropGrant: (guest) => void grants.delete(guest),
    giveBack(ended) {
      untold.set(ended.guest, ended);
      grants.delete(ended.guest);
    },
    untold: () => [...untold.values()].sort((a, b) => (a.guest < b.guest ? -1 : 1)),
    setTold(token) {
      for (const ended of untold.values()) if (ended.token === token) untold.delete(ended.guest);
    },
    highestToken: (guest) => tokens.get(guest) ?? null,
    raiseToken,
    done: (intent) => done.get(intent)?.outcome ?? null,
    setDone(intent, outcome) {
      done.delete(intent);
      done.set(intent, { n: ++outcomes, outcome });
      for (const [oldest, { n }] of done) {
        if (n > outcomes - REMEMBERED) return;
        done.delete(oldest);
      }
    },
  };
}

/** Entries seen to have their hash. They are shared by all nodes and never change, so once is enough for all. */
const genuine = new WeakSet<Stored>();
const isGenuine = (stored: Stored): boolean => {
  if (genuine.has(stored)) return true;
  if (createHash('sha256').update(JSON.stringify(stored.entry)).digest('hex') !== stored.hash) return false;
  genuine.add(stored);
  return true;
};

export interface SimJournal extends Journal {
  /** What was not on disk yet when the power failed: its last entries, and any checkpoint beyond them. */
  lose(entries: number): void;
}

/** `common`: where journals that hold the same entries keep them once for all. Who has others keeps his own from there on. Held at first: all up to `checkpoint`. */
export function createJournal(common: Stored[] = [], checkpoint: ReturnType<Journal['checkpoint']> = null): SimJournal {
  let entries = common;
  let held = checkpoint?.seq ?? 0;
  const refuse = ({ seq }: Stored, reason: string) => failure('JOURNAL_REFUSED', { file: 'journal', seq, reason });
  const headHash = () => (held === 0 ? GENESIS_HASH : entries[held - 1]!.hash);
  const push = (stored: Stored) => {
    if (held < entries.length && entries[held] !== stored) entries = entries.slice(0, held);
    entries[held] = stored;
    held += 1;
  };
  return {
    head: () => ({ seq: held, hash: headHash() }),
    add(more) {
      const before = held;
      try {
        for (const stored of more) {
          const there = stored.seq <= held ? entries[stored.seq - 1] : undefined;
          if (there?.hash === stored.hash) continue;
          if (there) throw refuse(stored, 'another entry is held in its place');
          if (stored.seq !== held + 1 || stored.entry.prevhash !== headHash())
            throw refuse(stored, `it does not follow entry ${held}`);
          if (!isGenuine(stored)) throw refuse(stored, 'its bytes do not have its hash');
          push(stored);
        }
      } catch (error) {
        held = before;
        throw error;
      }
    },
    read: (from, to) => entries.slice(Math.max(0, from - 1), Math.min(to, held)),
    checkpoint: () => checkpoint,
    setCheckpoint(next) {
      checkpoint = next;
    },
    *checkpointInSteps(next) {
      yield;
      checkpoint = next;
    },
    lose(count) {
      held = Math.max(0, held - count);
      if (checkpoint && checkpoint.seq > held) checkpoint = null;
    },
  };
}

/**
 * The same store, whose writes hold up the process that makes them for as long as its disk takes. `writes`: for each method
 * that may write, whether this very call does; SQLite touches no disk for a statement that changes nothing.
 */
export function onDisk<T extends object>(
  store: T,
  writes: { readonly [K in keyof T]?: T[K] extends (...args: infer A) => unknown ? (...args: A) => boolean : never },
  hold: () => void,
): T {
  const slowed: Partial<T> = {};
  for (const name of Object.keys(writes) as (keyof T)[]) {
    const write = store[name] as (...args: unknown[]) => unknown;
    const doesWrite = writes[name] as (...args: unknown[]) => boolean;
    slowed[name] = ((...args: unknown[]) => {
      if (doesWrite(...args)) hold();
      return write(...args);
    }) as T[keyof T];
  }
  return { ...store, ...slowed };
}

const always = () => true;

export const registersOnDisk = (registers: VoterRegisters, hold: () => void): VoterRegisters =>
  onDisk(
    registers,
    {
      raiseEpoch: (to) => to > registers.highestEpoch(),
      raiseBlocked: (host, to) => to > registers.blockedCounter(host),
      raisePromised: (host, to) => to > registers.promisedCounter(host),
    },
    hold,
  );

export const memoryOnDisk = (memory: AgentMemory, hold: () => void): AgentMemory =>
  onDisk(
    memory,
    {
      setIncarnation: always,
      raiseEpoch: (to) => to > memory.highestEpoch(),
      putGrant: always,
      dropGrant: (guest) => memory.grants().some((held) => held.guest === guest),
      giveBack: always,
      setTold: (token) => memory.untold().some((ended) => ended.token === token),
      raiseToken(guest, token) {
        const before = memory.highestToken(guest);
        return before === null || compareTokens(token, before) > 0;
      },
      setDone: always,
    },
    hold,
  );

export const journalOnDisk = <T extends Journal>(journal: T, hold: () => void): T =>
  onDisk<Journal>(journal, { add: always, setCheckpoint: always }, hold) as T;
