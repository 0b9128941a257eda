/** What survives a crash of a node: the registers, the agent's memory and the journal, held in plain memory. */
import { compareTokens, type Stored } from '../machines/entries.ts';
import { GENESIS_HASH } from '../machines/fleet.ts';
import type { AgentMemory, HeldGrant, Journal, Outcome, VoterRegisters } from '../services/ports.ts';

export function createRegisters(): VoterRegisters {
  let epoch = 0;
  const blocked = new Map<string, number>();
  return {
    highestEpoch: () => epoch,
    raiseEpoch: (to) => (epoch = Math.max(epoch, to)),
    blockedCounter: (host) => blocked.get(host) ?? -1,
    raiseBlocked(host, counter) {
      blocked.set(host, Math.max(counter, blocked.get(host) ?? -1));
      return blocked.get(host)!;
    },
  };
}

export function createMemory(): AgentMemory {
  let incarnation: { bootId: string; counter: number } | null = null;
  let epoch = 0;
  const grants = new Map<string, HeldGrant>();
  const tokens = new Map<string, string>();
  const done = new Map<string, Outcome>();
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
    grants: () => [...grants.values()],
    putGrant(grant) {
      grants.set(grant.guest, grant);
      raiseToken(grant.guest, grant.token);
    },
    dropGrant: (guest) => void grants.delete(guest),
    highestToken: (guest) => tokens.get(guest) ?? null,
    raiseToken,
    done: (intent) => done.get(intent) ?? null,
    setDone: (intent, outcome) => void done.set(intent, outcome),
  };
}

export interface SimJournal extends Journal {
  /** What was not on disk yet when the power failed: its last entries, and any checkpoint beyond them. */
  lose(entries: number): void;
}

export function createJournal(): SimJournal {
  const entries: Stored[] = [];
  let checkpoint: ReturnType<Journal['checkpoint']> = null;
  return {
    head: () => ({ seq: entries.length, hash: entries.at(-1)?.hash ?? GENESIS_HASH }),
    add: (more) => void entries.push(...more),
    read: (from, to) => entries.slice(Math.max(0, from - 1), to),
    checkpoint: () => checkpoint,
    setCheckpoint(next) {
      checkpoint = next;
    },
    lose(count) {
      entries.length = Math.max(0, entries.length - count);
      if (checkpoint && checkpoint.seq > entries.length) checkpoint = null;
    },
  };
}

/** The same store, whose writes hold up the process that makes them for as long as its disk takes. */
export function onDisk<T extends object>(store: T, writes: readonly (keyof T)[], hold: () => void): T {
  const slowed: Partial<T> = {};
  for (const name of writes) {
    const write = store[name] as (...args: unknown[]) => unknown;
    slowed[name] = ((...args: unknown[]) => {
      hold();
      return write(...args);
    }) as T[keyof T];
  }
  return { ...store, ...slowed };
}
