/**
 * The next state in the making. A table is copied when it is first written to, and what it holds is replaced, never
 * changed, so the state it was made from stays as it is; many entries folded at once share one copy.
 */
import type { Fleet, GuestEntity, HostEntity, JobEntity } from './fleet.ts';
import type { IntentType, Output } from './intents.ts';

type Table = 'hosts' | 'guests' | 'jobs' | 'intents' | 'timers';
type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** Everything but the tables may be assigned to directly. */
export type DraftFleet = Writable<Omit<Fleet, Table>> & Pick<Fleet, Table>;

export interface Draft {
  readonly fleet: DraftFleet;
  putHost(name: string, entity: HostEntity): void;
  putGuest(name: string, entity: GuestEntity): void;
  putJob(host: string, entity: JobEntity): void;
  /** Forgets a host or guest with all that it asked for. */
  remove(table: 'hosts' | 'guests', name: string): void;
  /** Turns what a machine emitted at this entry into pending intents and armed timers. */
  note(outputs: readonly Output[], subject: string, entry: { readonly seq: number; readonly id: string }): void;
  /** The pending intent has its outcome. */
  settle(intent: string): void;
  disarm(timer: string): void;
}

export function makeDraft(from: Fleet): Draft {
  const fleet: DraftFleet = { ...from };
  const copied = new Set<Table>();
  const write = <T extends Table>(table: T): Writable<Fleet[T]> => {
    if (!copied.has(table)) {
      fleet[table] = copy<never>(fleet[table] as Record<string, never>);
      copied.add(table);
    }
    return fleet[table];
  };

  const writeIntents = () => {
    const before = fleet.intents;
    const table = write('intents');
    // The ids move on to the copy: the state before is seldom asked again, and would then count anew.
    if (table !== before) {
      idsOf.set(table, pendingIds(before));
      idsOf.delete(before);
    }
    return table;
  };
  const settle = (id: string) => {
    if (!Object.hasOwn(fleet.intents, id)) return;
    const table = writeIntents();
    delete table[id];
    pendingIds(table).delete(id.slice(0, id.lastIndexOf('@')));
  };
  const withdraw = (subject: string, type: IntentType) => {
    const id = pendingId(fleet, subject, type);
    if (id !== undefined) settle(id);
  };
  const disarm = (id: string) => {
    if (Object.hasOwn(fleet.timers, id)) delete write('timers')[id];
  };

  return {
    fleet,
    settle,
    disarm,
    putHost: (name, entity) => {
      write('hosts')[name] = entity;
    },
    putGuest: (name, entity) => {
      write('guests')[name] = entity;
    },
    putJob: (host, entity) => {
      write('jobs')[host] = entity;
    },
    remove(table, name) {
      delete write(table)[name];
      if (table === 'hosts' && Object.hasOwn(fleet.jobs, name)) delete write('jobs')[name];
      const subject = `${table === 'hosts' ? 'host' : 'guest'}/${name}`;
      for (const pending of Object.values(fleet.intents)) if (pending.subject === subject) settle(pending.id);
      for (const timer of Object.values(fleet.timers)) if (timer.subject === subject) disarm(timer.id);
    },
    note(outputs, subject, { seq, id: cause }) {
      for (const output of outputs) {
        switch (output.type) {
          case 'intent': {
            const { intent } = output;
            const id = `${subject}/${intent.type}@${seq}`;
            // One pending intent for each subject and type: the new one replaces the old.
            withdraw(subject, intent.type);
            const table = writeIntents();
            table[id] = { id, subject, intent, seq, cause };
            pendingIds(table).set(`${subject}/${intent.type}`, id);
            break;
          }
          case 'withdraw':
            withdraw(subject, output.intent);
            break;
          case 'timer': {
            const { name, afterMs } = output;
            const id = `${subject}/${name}`;
            write('timers')[id] = { id, subject, name, armedSeq: seq, dueMs: fleet.nowMs + afterMs };
            break;
          }
          case 'disarm':
            disarm(`${subject}/${output.name}`);
            break;
        }
      }
    },
  };
}

/** Ids by subject and type, of tables that were asked for one: every entry about a guest asks. */
const idsOf = new WeakMap<Fleet['intents'], Map<string, string>>();
function pendingIds(intents: Fleet['intents']): Map<string, string> {
  let ids = idsOf.get(intents);
  if (!ids) {
    ids = new Map(Object.keys(intents).map((id) => [id.slice(0, id.lastIndexOf('@')), id]));
    idsOf.set(intents, ids);
  }
  return ids;
}

/** Id of the one pending intent of this subject and type. */
export const pendingId = ({ intents }: Pick<Fleet, 'intents'>, subject: string, type: IntentType): string | undefined =>
  pendingIds(intents).get(`${subject}/${type}`);

/** Without a prototype: several times faster to copy than an object literal, and no name is taken beforehand. */
function copy<T>(table: Readonly<Record<string, T>>): Record<string, T> {
  const result: Record<string, T> = Object.create(null);
  for (const key in table) result[key] = table[key]!;
  return result;
}
