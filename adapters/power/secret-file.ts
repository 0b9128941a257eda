import { closeSync, constants, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { failure } from '../../services/errors.ts';
import { isSealed, unseal } from '../keys/seal.ts';

/** The secret in a file, for the switch called `method`. Throws SECRET_FILE_UNREADABLE, _EXPOSED, _SEALED, KEY_UNREADABLE. */
export type ReadSecret = (file: string, method: string) => string;

/** First line of a file that not everybody may read. `seedFile`: of this node, for what it sealed. */
export const secretsOf =
  (seedFile: string | null): ReadSecret =>
  (file, method) => {
    const unreadable = (reason: string, cause?: unknown) =>
      failure('SECRET_FILE_UNREADABLE', { file, method, reason }, cause);
    let mode: number;
    let content: string;
    try {
      mode = statSync(file).mode & 0o777;
      content = readFileSync(file, 'utf8');
    } catch (cause) {
      throw unreadable((cause as { code?: string }).code === 'ENOENT' ? 'there is no such file' : String(cause), cause);
    }
    if (isSealed(content)) {
      const sealed = (reason: string) => failure('SECRET_FILE_SEALED', { file, method, reason });
      if (seedFile === null) throw sealed("this node's key is not at hand");
      const secret = unseal(seedFile, content);
      if (secret === null) throw sealed('another node sealed it, or it was altered');
      return secret;
    }
    if ((mode & 0o007) !== 0) throw failure('SECRET_FILE_EXPOSED', { file, method, mode: mode.toString(8) });
    const line = content.split('\n')[0] ?? '';
    if (line === '') throw unreadable('its first line is empty');
    return line;
  };

/** Without a node's key: sealed files are none of ours. */
export const readSecret = secretsOf(null);

/** Linux: a file without a name, which is gone with its last descriptor. Node does not name the flag. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Calls `task` with the path of a file that holds `secret`, for a program that takes secrets from files only. It has no name, only
 * the descriptor of this process; in memory where there is room for it.
 */
export async function asFile<T>(secret: string, task: (path: string) => Promise<T>): Promise<T> {
  const descriptor = namelessFile();
  try {
    writeSync(descriptor, `${secret}\n`);
    return await task(`/proc/${process.pid}/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

function namelessFile(): number {
  let refused: unknown;
  for (const directory of ['/dev/shm', '/run', tmpdir()]) {
    try {
      return openSync(directory, O_TMPFILE | constants.O_RDWR, 0o600);
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}
