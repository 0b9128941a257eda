/**
 * `npm start`: brings the lab cluster up, pulls the power of one host, shows its guests come back and where the time
 * went. Then the cluster is left running until Ctrl-C; with `--once` it ends with the story.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { labStatus } from './client.ts';
import { project } from './layout.ts';
import { end, hindrance, inside, up } from './world.ts';

const once = process.argv.includes('--once');

function story(): Promise<number> {
  const [command, ...args] = inside(null, [process.execPath, join(project, 'lab/story.ts')]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function main(): Promise<number> {
  const wrong = hindrance();
  if (wrong) throw new Error(wrong);
  if (await labStatus())
    throw new Error('A lab is up already. "npm run lab -- down" ends it; then run "npm start" again.');
  let ending = false;
  const interrupted = () => {
    if (!ending) void end().finally(() => process.exit(130));
    ending = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);

  console.log('Three hosts on this machine, each with its own libvirt, nats-server and rekindled; four guests.\n');
  await up({ layout: 'three', mode: 'rekindle', attached: true, say: console.log });
  const code = await story();
  if (ending) return new Promise(() => {});
  if (once) {
    await end();
    return code;
  }
  console.log(`
The cluster runs on. In another terminal, from this directory:
  npm run lab -- exec h2 rekindle watch               live view
  npm run lab -- exec h2 rekindle why guest/g1        the cause, down to the evidence
  npm run lab -- exec h2 rekindle log --follow        every decision as it is made
  npm run lab -- fault kill-qemu g4                   break something else; "npm run lab -- fault --help" lists faults
  npm run lab -- shell h2                             a shell on a host
Ctrl-C ends it and leaves nothing behind.`);
  return new Promise(() => setInterval(() => {}, 60_000));
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  async (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    await end();
    process.exitCode = 1;
  },
);
