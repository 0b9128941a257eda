/** Finds a nats-server that may be trusted with the log. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { fail } from '../../services/errors.ts';
import { isTooOld, LEAST_VERSION } from './version.ts';

/** Works from the sources and from `dist/`: the package's own directory is the first one above with a package.json. */
async function packageRoot(): Promise<string> {
  for (const up of ['../..', '../../..']) {
    const directory = fileURLToPath(new URL(up, import.meta.url));
    if (await isThere(join(directory, 'package.json'), constants.R_OK)) return directory;
  }
  return '/nonexistent';
}

/** Explicit path, else what the install script made, else the package's, else PATH. Throws NATS_MISSING, NATS_TOO_OLD. */
export async function findServer(explicit?: string): Promise<{ path: string; version: string }> {
  const inPath = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'nats-server'));
  const places = explicit
    ? [explicit]
    : [join(await packageRoot(), '.tools/nats-server'), '/usr/lib/rekindle/nats-server', ...inPath];
  for (const path of places) {
    if (!(await isThere(path, constants.X_OK))) continue;
    const { stdout = '' } = await execa(path, ['--version'], { reject: false, timeout: 5_000, stdin: 'ignore' });
    const version = /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    if (!version || isTooOld(version))
      return fail('NATS_TOO_OLD', { found: version ?? 'of unknown version', where: path, needed: LEAST_VERSION });
    return { path, version };
  }
  return fail('NATS_MISSING', { looked: explicit ?? '.tools/, /usr/lib/rekindle/ and PATH' });
}

const isThere = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
