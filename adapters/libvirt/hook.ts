/** Puts Rekindle's hook where libvirt finds it. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../services/errors.ts';

/**
 * Installs `<hooksDir>/qemu.d/rekindle`, beside whatever hook the administrator has (libvirt ≥ 6.5 runs them all).
 * `runDir`: where StartGuard writes. Returns true when libvirtd must be restarted to see it: it looks for hooks only
 * when it starts, but reads the file anew on each call. Throws HOOK_NOT_INSTALLED.
 */
export function installHook({
  hooksDir = '/etc/libvirt/hooks',
  runDir,
}: {
  hooksDir?: string;
  runDir: string;
}): boolean {
  const directory = join(hooksDir, 'qemu.d');
  const file = join(directory, 'rekindle');
  try {
    if (!/^\/[\w./-]+$/.test(runDir))
      throw new Error(`${JSON.stringify(runDir)} is no absolute path of plain characters`);
    const script = readFileSync(join(import.meta.dirname, 'hook', 'qemu'), 'utf8').replace('@RUN@', runDir);
    const present = statSync(file, { throwIfNoEntry: false }) !== undefined;
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    writeFileSync(`${file}.new`, script, { mode: 0o755 });
    renameSync(`${file}.new`, file);
    return !present;
  } catch (error) {
    return fail('HOOK_NOT_INSTALLED', { file, reason: error instanceof Error ? error.message : String(error) }, error);
  }
}
