/**
 * The compiled programs as one file each: Node opens one file instead of six hundred, and a machine without a fast CPU
 * starts in seconds instead of half a minute. Beside those that a host waits for lies what V8 made of them,
 * so that it need not be made again.
 */
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runner } from './tools.ts';

/** What a host waits for at its start: path of the compiled source, without its ending, → arguments of a run that ends at once. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'cli/rekindle': ['--version'],
  'cli/enrol/alone': ['--version'],
  'daemon/rekindled': ['--help'],
};
/** What else is run as a process or a thread of its own. */
const OTHERS = ['cli/simulate/worker', 'adapters/watchdog/petter'];
/** Left as packages: one has native code, the other starts threads from its own files. */
export const EXTERNAL = ['better-sqlite3', 'pino'];
/** Makes images from sources only, and is not in them. */
const NOT_INSTALLED = ['rolldown'];
/** Files that are copied as they are. */
const INSTALLED = join(import.meta.dirname, 'installed');

/**
 * `sources`: directory of the TypeScript. `out`: directory that gets the files, by the same names, as `.js`.
 * `installedAt`: where `out` will lie; what a source calls its own place is resolved to there.
 */
export async function bundle(sources: string, out: string, installedAt: string): Promise<void> {
  const { rolldown } = await import('rolldown');
  const ownPlace = {
    name: 'own-place',
    transform(code: string, id: string) {
      if (!id.startsWith(`${sources}/`) || id.includes('/node_modules/') || !code.includes('import.meta')) return null;
      const place = join(installedAt, id.slice(sources.length + 1).replace(/\.ts$/, '.js'));
      return code
        .replaceAll('import.meta.url', JSON.stringify(`file://${place}`))
        .replaceAll('import.meta.dirname', JSON.stringify(join(place, '..')));
    },
  };
  const make = async (entry: string, format: 'esm' | 'cjs', ending: string) => {
    const made = await rolldown({
      input: join(sources, `${entry}.ts`),
      platform: 'node',
      external: [...EXTERNAL, ...NOT_INSTALLED],
      plugins: [ownPlace],
      logLevel: 'silent',
    });
    const { output } = await made.write({ file: join(out, `${entry}.${ending}`), format, codeSplitting: false });
    await made.close();
    return output[0].exports;
  };
  for (const entry of OTHERS) await make(entry, 'esm', 'js');
  const start = join(installedAt, 'start.cjs');
  for (const entry of Object.keys(PROGRAMS)) {
    const names = await make(entry, 'cjs', 'cjs');
    const program = `createRequire(import.meta.url)('${start}')('${join(installedAt, `${entry}.cjs`)}')`;
    const what = names.length > 0 ? `export const { ${names.join(', ')} } = ${program}` : program;
    await writeFile(join(out, `${entry}.js`), `import { createRequire } from 'node:module';\n${what};\n`);
  }
  await cp(join(INSTALLED, 'start.cjs'), join(out, 'start.cjs'));
}

/**
 * Keeps what V8 makes of the programs, which are in `tree` by now, at `installedAt`, with Node (its path there) and the
 * packages. The same each time.
 */
export async function keepCompiled(run: Runner, tree: string, node: string, installedAt: string): Promise<void> {
  const fill = join(installedAt, 'fill.cjs');
  await cp(join(INSTALLED, 'fill.cjs'), join(tree, fill));
  for (const [entry, args] of Object.entries(PROGRAMS)) {
    await run('chroot', [tree, node, '--predictable', fill, join(installedAt, `${entry}.cjs`), ...args]);
  }
  await rm(join(tree, fill));
}
