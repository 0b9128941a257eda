/**
 * The StartGuard port as files that libvirt's hook reads (hook/qemu): `guests`, `grants/<guest>` and `lease` in the
 * daemon's run directory. It stands on a tmpfs, so nothing is granted after a boot.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StartGuard } from '../../services/ports.ts';
import { named } from './name.ts';

export function createStartGuard({ runDir, guests }: { runDir: string; guests: readonly string[] }): StartGuard {
  const grants = join(runDir, 'grants');
  mkdirSync(grants, { recursive: true, mode: 0o700 });
  // Written beside and renamed: the hook, which may run at any moment, sees the old file or the new one, never half of it.
  const put = (file: string, text: string) => {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  put(join(runDir, 'guests'), guests.map((guest) => `${named(guest)}\n`).join(''));

  return {
    allow: (guest, token) => put(join(grants, named(guest)), `${token}\n`),
    revoke: (guest) => rmSync(join(grants, named(guest)), { force: true }),
    // Rounded down: the hook may end a lease early, never late.
    setLeaseEnd: (leaseEndMs) => put(join(runDir, 'lease'), `${Math.max(0, Math.floor(leaseEndMs))}\n`),
  };
}
