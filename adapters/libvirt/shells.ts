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

export function createShells(uri: string, max: number): Shells {
  const idle: Shell[] = [];
  const all = new Set<Shell>();
  const waiting = new Set<(shell: Shell) => void>();

  const free = (): Shell | null => {
    for (let shell = idle.pop(); shell; shell = idle.pop()) {
      if (shell.alive()) return shell;
      all.delete(shell);
    }
    if (all.size >= max) return null;
    const shell = openShell(uri);
    all.add(shell);
    return shell;
  };

  const giveBack = (shell: Shell) => {
    if (shell.alive()) idle.push(shell);
    else all.delete(shell);
    const [next] = waiting;
    const other = next && free();
    if (!next || !other) return;
    waiting.delete(next);
    next(other);
  };

  const borrow = (timeoutMs: number): Promise<Shell> => {
    const shell = free();
    if (shell) return Promise.resolve(shell);
    const silent = (reason: string) => failure('LIBVIRT_SILENT', { uri, reason });
    if (waiting.size >= MAX_WAITING) return Promise.reject(silent('too many questions are waiting'));
    return new Promise((resolve, reject) => {
      const take = (freed: Shell) => {
        clearTimeout(timer);
        resolve(freed);
      };
      const timer = setTimeout(() => {
        waiting.delete(take);
        reject(silent(`every virsh was busy for ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.add(take);
    });
  };

  return {
    async run(words, timeoutMs) {
      const asked = performance.now();
      const shell = await borrow(timeoutMs);
      try {
        return await shell.run(words, Math.max(1, timeoutMs - (performance.now() - asked)));
      } finally {
        giveBack(shell);
      }
    },
    close() {
      for (const shell of all) shell.close();
      all.clear();
      idle.length = 0;
    },
  };
}
