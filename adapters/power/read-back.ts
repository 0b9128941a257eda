import { setTimeout as wait } from 'node:timers/promises';
import type { RekindleError } from '../../services/errors.ts';
import type { Outcome } from '../../services/ports.ts';

const BETWEEN_READINGS_MS = 100;

export type Reading = { readonly state: 'on' | 'off' } | { readonly state: 'unknown'; readonly error: RekindleError };

export type Commanded =
  | { readonly kind: 'accepted' | 'unclear' }
  | { readonly kind: 'not-reached'; readonly error: RekindleError };

/**
 * Commands a state and reads it back until it is seen, all within `timeoutMs`. The answer to the command decides
 * nothing, save that a switch which certainly never got it is not worth a reading. Already there is success.
 */
export async function switchTo(
  state: 'on' | 'off',
  timeoutMs: number,
  command: (leftMs: number) => Promise<Commanded>,
  read: (leftMs: number) => Promise<Reading>,
): Promise<Outcome> {
  const endMs = performance.now() + timeoutMs;
  const leftMs = () => endMs - performance.now();

  const commanded = await command(timeoutMs);
  if (commanded.kind === 'not-reached') return { kind: 'failed', reason: commanded.error.message };
  let seen: 'on' | 'off' | undefined;
  let why = 'no time was left to read the state back';
  while (leftMs() > 0) {
    const reading = await read(leftMs());
    if (reading.state === 'unknown') why = reading.error.message;
    else seen = reading.state;
    if (seen === state) return { kind: 'succeeded', detail: `read back ${state}` };
    await wait(Math.max(0, Math.min(BETWEEN_READINGS_MS, leftMs())));
  }
  if (seen)
    return {
      kind: 'failed',
      reason: `told to switch ${state}, and still ${seen} when last read within ${timeoutMs} ms`,
    };
  return { kind: 'unknown', reason: `told to switch ${state}, but the state could not be read: ${why}` };
}
