// `npm start`: installs what is missing, then shows a crashed host's guests come back (lab/start.ts).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { remedy, root, setup } from './setup.mjs';

try {
  const missing = setup();
  if (missing.length > 0) throw new Error(remedy(missing));
  const story = spawn(join(root, 'node_modules/.bin/node'), [join(root, 'lab/start.ts'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  // Ctrl-C reaches the story by itself; it cleans up, and this waits for it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => story.kill('SIGTERM'));
  story.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
