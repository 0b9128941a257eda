/**
 * The compiled programs as one file each: Node opens one file instead of six hundred, and a machine without a fast CPU
 * starts in seconds instead of half a minute.
 */
import { join } from 'node:path';

/** What is run as a process or a thread of its own: paths of the compiled sources, without their ending. */
const ENTRIES = ['cli/rekindle', 'cli/simulate/worker', 'daemon/rekindled', 'adapters/watchdog/petter'];
/** Left as packages: one has native code, the other starts threads from its own files. */
export const EXTERNAL = ['better-sqlite3', 'pino'];

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
  for (const entry of ENTRIES) {
    const made = await rolldown({
      input: join(sources, `${entry}.ts`),
      platform: 'node',
      external: EXTERNAL,
      plugins: [ownPlace],
      logLevel: 'silent',
    });
    await made.write({ file: join(out, `${entry}.js`), format: 'esm', codeSplitting: false });
    await made.close();
  }
}
