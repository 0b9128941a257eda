import type { AgentMemory, EndedGrant, HeldGrant, Outcome } from '../../services/ports.ts';
import { openState } from './open.ts';

/** Outcomes remembered. A leader repeats a command within seconds; a thousand commands last a host for days. */
const REMEMBERED = 1_000;

const SCHEMA = [
  `CREATE TABLE epoch (id INTEGER PRIMARY KEY CHECK (id = 0), value INTEGER NOT NULL) STRICT;
   CREATE TABLE life (id INTEGER PRIMARY KEY CHECK (id = 0), bootId TEXT NOT NULL, counter INTEGER NOT NULL) STRICT;
   CREATE TABLE held (guest TEXT PRIMARY KEY, counter INTEGER NOT NULL, token TEXT NOT NULL) STRICT;
   CREATE TABLE highest (guest TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;
   CREATE TABLE done (n INTEGER PRIMARY KEY AUTOINCREMENT, intent TEXT NOT NULL UNIQUE, outcome TEXT NOT NULL) STRICT;`,
  'CREATE TABLE untold (guest TEXT PRIMARY KEY, counter INTEGER NOT NULL, token TEXT NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL) STRICT;',
];

/**
 * What the agent of this host must not forget. A new file is safe where the registers' is not: it is empty only on a
 * host that has none of our guests, or whose guests the survey finds running and adopts. Throws as {@link openState}.
 */
export function openAgentMemory(file: string): AgentMemory & { close(): void } {
  const { db, write, read, close } = openState({ file, schema: SCHEMA, durability: 'registers', create: true });
  const sql = {
    epoch: db.prepare<[], number>('SELECT value FROM epoch').pluck(),
    raiseEpoch: db.prepare<[number]>(
      'INSERT INTO epoch VALUES (0, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value) WHERE excluded.value > value',
    ),
    life: db.prepare<[], { bootId: string; counter: number }>('SELECT bootId, counter FROM life'),
    setLife: db.prepare<[string, number]>('INSERT OR REPLACE INTO life VALUES (0, ?, ?)'),
    held: db.prepare<[], HeldGrant>('SELECT guest, counter, token FROM held ORDER BY guest'),
    hold: db.prepare<[string, number, string]>('INSERT OR REPLACE INTO held VALUES (?, ?, ?)'),
    drop: db.prepare<[string]>('DELETE FROM held WHERE guest = ?'),
    untold: db.prepare<[], EndedGrant>('SELECT guest, counter, token, cause, detail FROM untold ORDER BY guest'),
    owe: db.prepare<[string, number, string, string, string]>('INSERT OR REPLACE INTO untold VALUES (?, ?, ?, ?, ?)'),
    setTold: db.prepare<[string]>('DELETE FROM untold WHERE token = ?'),
    highest: db.prepare<[string], string>(`SELECT epoch || '.' || seq FROM highest WHERE guest = ?`).pluck(),
    // Compared as numbers, as compareTokens does: '9.1' is older than '10.1'.
    raiseToken: db.prepare<[string, number, number]>(
      `INSERT INTO highest VALUES (?, ?, ?) ON CONFLICT (guest) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq
       WHERE (excluded.epoch, excluded.seq) > (epoch, seq)`,
    ),
    done: db.prepare<[string], string>('SELECT outcome FROM done WHERE intent = ?').pluck(),
    setDone: db.prepare<[string, string]>('INSERT OR REPLACE INTO done (intent, outcome) VALUES (?, ?)'),
    forget: db.prepare<[]>(`DELETE FROM done WHERE n <= (SELECT max(n) FROM done) - ${REMEMBERED}`),
  };
  const raiseToken = (guest: string, token: string) => {
    const [epoch, seq] = token.split('.').map(Number) as [number, number];
    sql.raiseToken.run(guest, epoch, seq);
  };
  const highestEpoch = () => read(() => sql.epoch.get() ?? 0);

  return {
    incarnation: () => read(() => sql.life.get() ?? null),
    setIncarnation: ({ bootId, counter }) => void write(() => sql.setLife.run(bootId, counter)),
    highestEpoch,
    raiseEpoch(epoch) {
      write(() => sql.raiseEpoch.run(epoch));
      return highestEpoch();
    },
    grants: () => read(() => sql.held.all()),
    putGrant: ({ guest, counter, token }) =>
      write(() => {
        sql.hold.run(guest, counter, token);
        raiseToken(guest, token);
      }),
    dropGrant: (guest) => void write(() => sql.drop.run(guest)),
    giveBack: ({ guest, counter, token, cause, detail }) =>
      write(() => {
        sql.owe.run(guest, counter, token, cause, detail);
        sql.drop.run(guest);
      }),
    untold: () => read(() => sql.untold.all()),
    setTold: (token) => void write(() => sql.setTold.run(token)),
    highestToken: (guest) => read(() => sql.highest.get(guest) ?? null),
    raiseToken: (guest, token) => write(() => raiseToken(guest, token)),
    done(intent) {
      const found = read(() => sql.done.get(intent));
      return found === undefined ? null : (JSON.parse(found) as Outcome);
    },
    setDone: (intent, outcome) =>
      write(() => {
        sql.setDone.run(intent, JSON.stringify(outcome));
        sql.forget.run();
      }),
    close,
  };
}
