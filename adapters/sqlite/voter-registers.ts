import type { VoterRegisters } from '../../services/ports.ts';
import { openState } from './open.ts';

const SCHEMA = [`CREATE TABLE register (name TEXT PRIMARY KEY, value INTEGER NOT NULL CHECK (value >= 0)) STRICT`];
const EPOCH = 'epoch';
const blocked = (host: string) => `blocked/${host}`;
const promised = (host: string) => `promised/${host}`;

/**
 * A voter's registers. `create` only when this voter joins the electorate: a voter that finds its file gone has
 * forgotten what it promised never to do, and must come back as a new member (docs/safety.md, "Leases"). Throws as
 * {@link openState}; a raise that throws has raised nothing.
 */
export function openVoterRegisters(file: string, { create }: { create: boolean }): VoterRegisters & { close(): void } {
  const { db, write, read, close } = openState({ file, schema: SCHEMA, durability: 'registers', create });
  const select = db.prepare<[string], number>('SELECT value FROM register WHERE name = ?').pluck();
  // `max` in SQL: no caller, and no order of calls, can lower a register.
  const raise = db.prepare<[string, number]>(
    `INSERT INTO register (name, value) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value) WHERE excluded.value > value`,
  );
  const get = (name: string) => read(() => select.get(name));
  const raised = (name: string, value: number) => {
    write(() => raise.run(name, value));
    return get(name)!;
  };
  return {
    highestEpoch: () => get(EPOCH) ?? 0,
    raiseEpoch: (epoch) => raised(EPOCH, epoch),
    blockedCounter: (host) => get(blocked(host)) ?? -1,
    raiseBlocked: (host, counter) => raised(blocked(host), counter),
    promisedCounter: (host) => get(promised(host)) ?? -1,
    raisePromised: (host, counter) => raised(promised(host), counter),
    close,
  };
}
