/** `rekindled`: the one daemon of a node. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readClusterFile } from '../adapters/config/cluster-file.ts';
import { lockNode } from '../adapters/sqlite/node-lock.ts';
import { RekindleError } from '../services/errors.ts';
import { startNode } from './node.ts';
import { parseOptions } from './options.ts';
import { createSay } from './say.ts';

/** Runs until it is told to stop. Rejects with a RekindleError a person can act on. */
async function main(argv: readonly string[]): Promise<void> {
  const options = parseOptions(argv);
  const say = createSay(options.node);
  try {
    const { spec, digest } = readClusterFile(options.cluster);
    for (const directory of [options.state, options.run]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = lockNode(join(options.state, 'node.lock'));
    const pidFile = join(options.run, 'rekindled.pid');
    writeFileSync(pidFile, `${process.pid}\n`);
    const node = await startNode(options, spec, digest, say);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
      void node.shutDownAsked.then(resolve);
    });
    await node.stop();
    rmSync(pidFile, { force: true });
    lock.release();
    process.exit(0);
  } catch (error) {
    if (!(error instanceof RekindleError)) throw error;
    say.error(`${error.message} — ${error.todo}`, { code: error.code });
    process.exit(error.exit);
  }
}

// No `await`: a script, as which an image has it, knows none here.
void main(process.argv.slice(2));
