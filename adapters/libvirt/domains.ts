/** What libvirt says about domains, asked by shell and parsed strictly. */
import type { Instance } from '../../machines/entries.ts';
import { failure } from '../../services/errors.ts';
import { GRANT_NAMESPACE, tokenIn } from './definition.ts';
import type { Shells } from './shells.ts';

export type DomainState = Instance['state'] | 'inactive';

/** Reading a state takes libvirt milliseconds; this long without an answer means that it has stopped answering. */
const QUERY_MS = 2_000;

export interface Domains {
  /** Every active domain with the token in its metadata. Rejects with LIBVIRT_SILENT or LIBVIRT_UNREADABLE. */
  list(): Promise<Instance[]>;
  /** `inactive`: defined and not running, or not known to libvirt at all. Rejects like `list`. */
  state(guest: string): Promise<DomainState>;
  /** Token in the metadata of the running domain; null when it has none. Rejects like `list`. */
  token(guest: string): Promise<string | null>;
}

export function createDomains(shells: Shells): Domains {
  const ask = (words: readonly string[]) => shells.run(words, QUERY_MS);

  const token = async (guest: string) => {
    const { out, error } = await ask(['metadata', guest, GRANT_NAMESPACE]);
    if (error === null) return tokenIn(out);
    if (/metadata not found|Domain not found/.test(error)) return null;
    throw failure('LIBVIRT_UNREADABLE', { what: `the metadata of ${guest}`, answer: error });
  };

  return {
    token,

    async list() {
      const { out, error } = await ask(['domstats', '--state', '--nowait', '--list-active']);
      if (error !== null) throw failure('LIBVIRT_UNREADABLE', { what: 'the active domains', answer: error });
      const active = [...parseStates(out)].flatMap(([guest, state]) =>
        state === 'inactive' ? [] : [{ guest, state }],
      );
      return Promise.all(active.map(async ({ guest, state }) => ({ guest, state, token: await token(guest) })));
    },

    async state(guest) {
      const { out, error } = await ask(['domstats', '--state', '--nowait', guest]);
      // `failed to get domain` alone could also be a lost connection; libvirt adds its reason only in newer versions.
      if (error !== null && /failed to get domain|Domain not found/.test(error) && (await isUnknown(guest)))
        return 'inactive';
      if (error !== null) throw failure('LIBVIRT_UNREADABLE', { what: `the state of ${guest}`, answer: error });
      const state = parseStates(out).get(guest);
      if (!state) throw failure('LIBVIRT_UNREADABLE', { what: `the state of ${guest}`, answer: out.slice(0, 200) });
      return state;
    },
  };

  async function isUnknown(guest: string): Promise<boolean> {
    const { out, error } = await ask(['list', '--all', '--name']);
    return error === null && !out.split('\n').includes(guest);
  }
}

/** virDomainState and its reasons for a pause, as libvirt numbers them for ever (libvirt-domain.h). */
const PAUSED = 3;
const INACTIVE = 5;
const CRASHED = 6;
const PAUSED_WHILE_STARTING_UP = 11;

function parseStates(out: string): Map<string, DomainState> {
  const states = new Map<string, DomainState>();
  // A record is begun by the name, which may hold anything but a line break.
  for (const record of out.split(/^Domain: /m).slice(1)) {
    const [, name, state, reason] = /^'(.*)'\n\s+state\.state=(\d+)\n\s+state\.reason=(\d+)\s*$/.exec(record) ?? [];
    if (name === undefined)
      throw failure('LIBVIRT_UNREADABLE', { what: 'the state of domains', answer: record.slice(0, 200) });
    states.set(name, meaning(Number(state), Number(reason)));
  }
  return states;
}

/** Whatever is not plainly stopped counts as running, since it could write. */
function meaning(state: number, reason: number): DomainState {
  if (state === INACTIVE) return 'inactive';
  if (state === PAUSED) return reason === PAUSED_WHILE_STARTING_UP ? 'starting' : 'paused';
  // Kept for a look after a panic (`on_crash: preserve`): its processors have stopped.
  return state === CRASHED ? 'paused' : 'running';
}
