import { execa } from 'execa';

/** Of a program that talks to a power switch: one answer is a few lines. */
const MAX_OUTPUT = 256 * 1024;
/** A killed process is gone long before. */
const DEATH_MS = 200;

export type Ran =
  | { readonly kind: 'ended'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'not-run'; readonly reason: string };

/**
 * Runs a program for at most `timeoutMs`, then kills it with all its children: a fence agent's child left alive could
 * cut the power minutes later, when the host is long back. Never rejects. `input` is the place for secrets.
 */
export async function run(program: string, args: readonly string[], timeoutMs: number, input = ''): Promise<Ran> {
  const child = execa(program, args, {
    reject: false,
    detached: true,
    cleanup: false,
    input,
    maxBuffer: MAX_OUTPUT,
    extendEnv: false,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/' },
  });
  let timedOut = false;
  let timer: NodeJS.Timeout | undefined;
  const abandoned = new Promise<Ran>((resolve) => {
    timer = setTimeout(() => {
      timedOut = true;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended in this very moment.
      }
      // A grandchild that left the group could hold the pipes open for ever.
      timer = setTimeout(() => resolve({ kind: 'timed-out' }), DEATH_MS);
    }, timeoutMs);
  });
  const ended = child.then((result): Ran => {
    if (timedOut) return { kind: 'timed-out' };
    if (result.code === 'ENOENT') return { kind: 'missing' };
    if (result.exitCode === undefined) return { kind: 'not-run', reason: result.shortMessage ?? 'it did not start' };
    return { kind: 'ended', code: result.exitCode, stdout: result.stdout ?? '', stderr: result.stderr ?? '' };
  });
  try {
    return await Promise.race([ended, abandoned]);
  } finally {
    clearTimeout(timer);
  }
}
