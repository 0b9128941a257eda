/** A few `virsh` shells shared by many callers, so that one slow answer holds up only its own shell. */
import { failure } from '../../services/errors.ts';
import { type Answer, openShell, type Shell } from './shell.ts';

export interface Shells {
  /** Runs in a free shell; waiting for one counts towards `timeoutMs`. Rejects with LIBVIRT_SILENT. */
  run(words: readonly string[], timeoutMs: number): Promise<Answer>;
  close(): void;
}

/** Callers that may wait for a shell at once; more than that means that libvirt has stopped answering. */
const MAX_WAITING = 1_000;
/**
 * For a virsh that starts and connects. It is not ended sooner because whoever asked has stopped waiting: on a busy machine the
 * next one would be late as well, and the one after it.
 */
const START_MS = 20_000;

interface Waiting {
  readonly take: (shell: Shell) => void;
  readonly giveUp: (why: Error) => void;
}

export function createShells(uri: string, max: number): Shells {
  const idle: Shell[] = [];
  const all = new Set<Shell>();
  const waiting = new Set<Waiting>();
  let closed = false;

  const startOne = () => {
    const shell = openShell(uri);
    all.add(shell);
    shell.run(['echo', 'ready'], START_MS).then(
      () => giveBack(shell),
      (error: Error) => {
        all.delete(shell);
        // Nobody is left who could serve them.
        if (all.size === 0) for (const { giveUp } of [...waiting]) giveUp(error);
      },
    );
  };

  /** An idle shell; otherwise null, and one more is started if there may be one. */
  const free = (): Shell | null => {
    for (let shell = idle.pop(); shell; shell = idle.pop()) {
      if (shell.alive()) return shell;
      all.delete(shell);
    }
    if (all.size < max && !closed) startOne();
    return null;
  };

  const giveBack = (shell: Shell) => {
    if (shell.alive()) idle.push(shell);
    else all.delete(shell);
    const [next] = waiting;
    const other = next && free();
    if (next && other) next.take(other);
  };

  const borrow = (timeoutMs: number): Promise<Shell> => {
    const shell = free();
    if (shell) return Promise.resolve(shell);
    const silent = (reason: string) => failure('LIBVIRT_SILENT', { uri, reason });
    if (waiting.size >= MAX_WAITING) return Promise.reject(silent('too many questions are waiting'));
    return new Promise((resolve, reject) => {
      const ended = () => {
        clearTimeout(timer);
        waiting.delete(one);
      };
      const one: Waiting = {
        take(freed) {
          ended();
          resolve(freed);
        },
        giveUp(why) {
          ended();
          reject(why);
        },
      };
      const timer = setTimeout(() => one.giveUp(silent(`no virsh was ready within ${timeoutMs} ms`)), timeoutMs);
      waiting.add(one);
    });
  };

  return {
    async run(words, timeoutMs) {
      const asked = performance.now();
      const shell = await borrow(timeoutMs);
      // For as long again, however long this caller has waited: a shell that has only just started is not ended for that.
      const answer = shell.run(words, timeoutMs).finally(() => giveBack(shell));
      return new Promise((resolve, reject) => {
        const leftMs = timeoutMs - (performance.now() - asked);
        const timer = setTimeout(
          () => reject(failure('LIBVIRT_SILENT', { uri, reason: `no answer to "${words[0]}" in ${timeoutMs} ms` })),
          leftMs,
        );
        answer.then(resolve, reject).finally(() => clearTimeout(timer));
      });
    },
    close() {
      closed = true;
      for (const shell of all) shell.close();
      all.clear();
      idle.length = 0;
    },
  };
}
