/** Live migration, believed only after a look at both ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Outcome } from '../../services/ports.ts';
import { ENVIRONMENT } from './shell.ts';
import type { Shells } from './shells.ts';

export interface MigrationParts {
  readonly uri: string;
  readonly peer: (address: string) => string;
  readonly queries: Shells;
  readonly look: (guest: string) => Promise<State>;
}
type State = 'running' | 'paused' | 'gone' | 'unknown';

export interface Migration {
  migrate(guest: string, toAddress: string, timeoutMs: number): Promise<Outcome>;
  abort(guest: string): Promise<Outcome>;
}

/** `virsh -c qemu+tcp://…` to a frozen host never answers by itself. */
const ASK_PEER_MS = 3_000;
const ABORT_MS = 5_000;
const QUERY_MS = 2_000;

export function createMigration({ uri, peer, queries, look }: MigrationParts): Migration {
  const virsh = (connection: string, words: readonly string[], timeoutMs: number) =>
    execa('virsh', ['-q', '-c', connection, ...words], {
      reject: false,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      env: ENVIRONMENT,
      stdin: 'ignore',
      maxBuffer: 100_000,
    });

  /** What the other end's libvirt says. Its /proc cannot be seen from here, so `gone` means: no active domain there. */
  const lookThere = async (guest: string, connection: string): Promise<State> => {
    const { failed, timedOut, stdout, stderr } = await virsh(connection, ['domstate', guest], ASK_PEER_MS);
    if (timedOut) return 'unknown';
    if (failed)
      return /Domain not found/.test(stderr) || /failed to get domain/.test(stderr)
        ? await notListed(guest, connection)
        : 'unknown';
    const word = stdout.trim();
    if (word === 'shut off') return 'gone';
    return word === 'running' || word === 'paused' ? word : 'unknown';
  };
  const notListed = async (guest: string, connection: string): Promise<State> => {
    const { failed, stdout } = await virsh(connection, ['list', '--all', '--name'], ASK_PEER_MS);
    return !failed && !stdout.split('\n').includes(guest) ? 'gone' : 'unknown';
  };

  /** True when libvirt says that no job is under way: only then can nothing move any more. */
  const settled = async (guest: string): Promise<boolean> => {
    const { out, error } = await queries
      .run(['domjobinfo', guest], QUERY_MS)
      .catch(() => ({ out: '', error: 'silent' }));
    return error === null && /^Job type:\s+None\s*$/m.test(out);
  };

  /** Tells libvirt to give up and waits until it has, or ABORT_MS are over. */
  const callOff = async (guest: string): Promise<string | null> => {
    const { error } = await queries
      .run(['domjobabort', guest], QUERY_MS)
      .catch((silent: Error) => ({ error: silent.message }));
    for (const began = performance.now(); performance.now() - began < ABORT_MS; ) {
      if ((await settled(guest)) || (await look(guest)) === 'gone') return null;
      await sleep(50);
    }
    return error ?? 'the job has not ended';
  };

  return {
    async migrate(guest, toAddress, timeoutMs) {
      if (!/^[A-Za-z0-9.:-]+$/.test(toAddress))
        return { kind: 'failed', reason: `${JSON.stringify(toAddress)} is not an address` };
      const host = toAddress.includes(':') ? `[${toAddress}]` : toAddress;
      const there = peer(host);
      if ((await look(guest)) !== 'running') return { kind: 'failed', reason: `${guest} does not run here` };

      // `--unsafe`: libvirt cannot tell shared storage from a local directory; the cluster file says which it is.
      const flags = ['--live', '--p2p', '--persistent', '--undefinesource', '--unsafe'];
      // Or the memory goes where the other end's own name leads, if it leads anywhere.
      const memory = ['--migrateuri', `tcp://${host}`];
      const { failed, timedOut, stderr } = await virsh(uri, ['migrate', ...flags, ...memory, guest, there], timeoutMs);
      const trouble = timedOut
        ? `not done after ${timeoutMs} ms`
        : stderr
            .trim()
            .replace(/^error: /, '')
            .replaceAll('\n', '; ');
      // Ending virsh has ended nothing: libvirtd migrates on by itself, even minutes later when the target thaws.
      const stuck = failed ? await callOff(guest) : null;

      const [here, beyond] = await Promise.all([look(guest), lookThere(guest, there)]);
      if (here === 'gone' && beyond === 'running') return { kind: 'succeeded', detail: `runs at ${toAddress}` };
      // Here, with no job left that could move it, and nothing of it there: it has stayed, for certain.
      if (here === 'running' && beyond === 'gone' && failed && stuck === null)
        return { kind: 'failed', reason: trouble };
      return {
        kind: 'unknown',
        reason: `here ${here}, at ${toAddress} ${beyond}${failed ? `: ${[trouble, stuck].filter(Boolean).join('; ')}` : ''}`,
      };
    },

    async abort(guest) {
      const stuck = await callOff(guest);
      const here = await look(guest);
      if (here === 'running' && stuck === null)
        return { kind: 'succeeded', detail: 'runs here; no migration is under way' };
      if (here === 'gone') return { kind: 'failed', reason: `${guest} has left this host` };
      return { kind: 'unknown', reason: `${guest} is ${here} here${stuck ? `: ${stuck}` : ''}` };
    },
  };
}
