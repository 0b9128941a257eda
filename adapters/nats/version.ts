/**
 * 2.10.27: older ones let several writers win the same expected-sequence append (fixed in 2.10.0), lose whole streams on
 * kills (fixed in 2.10.23) or know no `sync_interval`. Debian 12 ships 2.9.10.
 */
export const LEAST_VERSION = '2.10.27';

export function isTooOld(version: string): boolean {
  const [found, least] = [version, LEAST_VERSION].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  );
  for (const [at, part] of least!.entries()) {
    const other = found![at] ?? 0;
    if (Number.isNaN(other) || other !== part) return !(other > part);
  }
  return false;
}
