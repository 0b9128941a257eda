import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const output = (command: string, args: readonly string[], cwd?: string): string => {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error).trim();
    throw new Error(
      `${command} ${args.slice(0, 3).join(' ')} … failed: ${said}. Has apt a network and fresh lists (apt-get update)?`,
    );
  }
};

const edges = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((edge) => `--no-${edge}`);

/** The package with the kernel itself, of the meta package that always names the newest. */
export function kernelPackage(meta: string): string {
  const found = /Depends: (linux-image-[0-9]\S+)/.exec(output('apt-cache', ['depends', meta]));
  if (!found)
    throw new Error(`No kernel for ${meta}: are Debian's sources in /etc/apt, and its lists fetched (apt-get update)?`);
  return found[1]!;
}

/** `programs` and every library package they depend on, sorted. */
export function withLibraries(programs: readonly string[]): string[] {
  const depends = output('apt-cache', ['depends', '--recurse', ...edges, ...programs]);
  const libraries = depends.split('\n').filter((line) => /^(lib|zlib)[a-z0-9.+-]+$/.test(line));
  return [...new Set([...programs, ...libraries])].sort();
}

/**
 * Downloads what is not in `cache` yet and unpacks all into one tree, without installing anything and without scripts of
 * packages. Returns the tree; it is only made anew when a package changed.
 */
export function unpacked(names: readonly string[], cache: string, into: string): string {
  mkdirSync(cache, { recursive: true });
  const uris = output('apt-get', ['-qq', '--print-uris', 'download', ...names]);
  const files = [...uris.matchAll(/^'[^']+' (\S+\.deb) /gm)].map(([, file]) => file!).sort();
  const there = new Set(readdirSync(cache));
  if (files.some((file) => !there.has(file))) output('apt-get', ['-qq', 'download', ...names], cache);
  const made = join(into, '.packages');
  if (existsSync(made) && readFileSync(made, 'utf8') === files.join('\n')) return into;
  rmSync(into, { recursive: true, force: true });
  const part = `${into}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  for (const file of files) output('dpkg-deb', ['-x', join(cache, file), part]);
  writeFileSync(join(part, '.packages'), files.join('\n'));
  renameSync(part, into);
  return into;
}
