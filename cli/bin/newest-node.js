// Plain JavaScript for any Node: finds one that is new enough before anything native or typed is imported.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;

/**
 * Resolves to true when this process may go on. Otherwise runs the same script with the Node of the installation and
 * ends with its exit code, or says what to do.
 */
export async function newEnough(script) {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) return true;
  const node = installedNode(dirname(fileURLToPath(script)));
  if (node === undefined || process.env.REKINDLE_REEXECUTED) {
    console.error(`rekindle: Node ${process.versions.node} is too old, ${NEEDED} or newer is needed`);
    console.error('  run "npm ci" in the installation directory, which brings its own Node, or install a newer one');
    process.exitCode = 3;
    return false;
  }
  const child = spawn(node, [fileURLToPath(script), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, REKINDLE_REEXECUTED: '1' },
  });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    // Ctrl-C reaches the child by itself; only then is there nothing to pass on.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  await new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
      resolve();
    });
  });
  return false;
}

function installedNode(from) {
  for (let directory = from; ; directory = dirname(directory)) {
    const node = join(directory, 'node_modules/.bin/node');
    if (existsSync(node)) return node;
    if (directory === dirname(directory)) return undefined;
  }
}
