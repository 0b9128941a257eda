/** Commands of the lab itself: short, bounded, loud when they fail. */
import { execa } from 'execa';

/** Runs to the end and returns its output. Rejects with what it said when it fails or takes longer than `timeoutMs`. */
export async function sh(
  command: string,
  args: readonly string[],
  more: { input?: string; timeoutMs?: number } = {},
): Promise<string> {
  const done = await execa(command, args, {
    reject: false,
    timeout: more.timeoutMs ?? 20_000,
    ...(more.input === undefined ? { stdin: 'ignore' } : { input: more.input }),
  });
  if (done.failed) throw new Error(`${command} ${args.join(' ')}: ${done.stderr || done.stdout || done.shortMessage}`);
  return done.stdout;
}

export const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Asks every `everyMs` until the answer is not undefined. Rejects after `timeoutMs`, naming `what` was awaited. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
  everyMs = 20,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    await delay(everyMs);
  }
}
