import type { CheckedSwitch } from '../adapters/power/power-switches.ts';
import { RekindleError } from '../services/errors.ts';
import { every } from '../services/every.ts';
import type { Clock, Say } from '../services/ports.ts';

/** A BMC that died is best known before it is needed. */
const EVERY_MS = 600_000;

/** Reads every host's switches now and then, and says which cannot be read. Returns its end. */
export function checkPower(
  hosts: readonly string[],
  switches: (host: string) => readonly CheckedSwitch[],
  { clock, say }: { clock: Clock; say: Say },
): () => void {
  const checkOne = async (host: string) => {
    for (const power of switches(host)) {
      await power.check().catch((error: unknown) => {
        const about = error instanceof RekindleError ? { host, code: error.code, todo: error.todo } : { host };
        say.warn(error instanceof Error ? error.message : String(error), about);
      });
    }
  };
  return every(clock, EVERY_MS, async () => {
    await Promise.all(
      hosts.map((host) =>
        checkOne(host).catch((error: unknown) => say.warn('power switch unusable', { host, reason: String(error) })),
      ),
    );
  });
}
