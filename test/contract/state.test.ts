import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openAgentMemory } from '../../adapters/sqlite/agent-memory.ts';
import { openJournal } from '../../adapters/sqlite/journal.ts';
import { openVoterRegisters } from '../../adapters/sqlite/voter-registers.ts';
import type { AgentMemory, Journal, VoterRegisters } from '../../services/ports.ts';
import {
  createJournal,
  createMemory,
  createRegisters,
  journalOnDisk,
  memoryOnDisk,
  registersOnDisk,
} from '../../sim/memory.ts';
import { createProcess } from '../../sim/process.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { inProcess } from '../sqlite/in-process.ts';
import { scratch } from '../sqlite/scratch.ts';
import { chain } from './chain.ts';
import { agentMemoryContract, journalContract, registersContract, type StateHarness } from './state.ts';
import { really, virtually } from './time.ts';

const ENOUGH = 30;

/** A simulated daemon, whose every write to `store` holds it up for 2 ms, is killed while it writes. */
function simulated<Store extends object>(
  kept: Store,
  onDisk: (store: Store, hold: () => void) => Store,
  write: (store: Store, n: number) => void,
): StateHarness<Store> {
  const scheduler = createScheduler();
  let writes = 0;
  const store = onDisk(kept, () => {
    writes += 1;
  });
  return {
    ...virtually(scheduler),
    store,
    restart: () => store,
    disk: () => String(writes),
    async killed() {
      const daemon = createProcess(scheduler);
      const slow = onDisk(store, () => daemon.holdUp(2));
      let written = 0;
      const next = (n: number) => {
        write(slow, n);
        daemon.enter(() => {
          written = n;
          daemon.after(1, () => next(n + 1));
        });
      };
      next(1);
      await scheduler.runUntil(1_000, () => written >= ENOUGH);
      await scheduler.runUntil(scheduler.now() + 2);
      daemon.kill();
      await scheduler.runUntil(2_000);
      return { written, store };
    },
  };
}

/** `source`: how another process opens the file as `store` and writes `n` to it. */
function real<Store extends { close(): void }>(
  open: (file: string) => Store,
  source: { open: string; write: string },
): StateHarness<Store> {
  const file = join(scratch(), 'state.sqlite');
  let store: Store | null = null;
  const reopen = () => {
    store?.close();
    store = open(file);
    return store;
  };
  onTestFinished(() => store?.close());
  return {
    ...really,
    get store() {
      return store ?? reopen();
    },
    restart: reopen,
    disk: () => readFileSync(file).toString('base64'),
    async killed() {
      const chainFile = JSON.stringify(new URL('./chain.ts', import.meta.url).pathname);
      const other = inProcess(`
        const { chain } = await import(${chainFile});
        const file = ${JSON.stringify(file)};
        const entries = chain(2_000);
        const store = ${source.open};
        for (let n = 1; ; n++) { ${source.write}; say(String(n)); }
      `);
      let written = 0;
      for await (const line of other.lines) {
        written = Number(line);
        if (written === ENOUGH) other.process.kill('SIGKILL');
      }
      await other.ended;
      return { written, store: reopen() };
    },
  };
}

registersContract('simulated', () =>
  simulated<VoterRegisters>(createRegisters(), registersOnDisk, (store, n) => store.raiseBlocked('h1', n)),
);
registersContract('real', () =>
  real((file) => openVoterRegisters(file, { create: true }), {
    open: 'openVoterRegisters(file, { create: true })',
    write: `store.raiseBlocked('h1', n)`,
  }),
);

agentMemoryContract('simulated', () =>
  simulated<AgentMemory>(createMemory(), memoryOnDisk, (store, n) =>
    store.putGrant({ guest: 'g1', counter: 0, token: `1.${n}` }),
  ),
);
agentMemoryContract('real', () =>
  real(openAgentMemory, {
    open: 'openAgentMemory(file)',
    write: `store.putGrant({ guest: 'g1', counter: 0, token: '1.' + n })`,
  }),
);

const entries = chain(2_000);
journalContract('simulated', () =>
  simulated<Journal>(createJournal(), journalOnDisk, (store, n) => store.add([entries[n - 1]!])),
);
journalContract('real', () => real(openJournal, { open: 'openJournal(file)', write: 'store.add([entries[n - 1]])' }));
