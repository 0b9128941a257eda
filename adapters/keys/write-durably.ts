import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file has its whole content on disk when this returns, or is as it was: over a loss of power as well. */
export function writeDurably(file: string, content: string | Buffer, mode = 0o600): void {
  const directory = dirname(file);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const made = openSync(`${file}.new`, 'w', mode);
  try {
    // One that was left by a crash may have been made with another mode.
    fchmodSync(made, mode);
    writeFileSync(made, content);
    fsyncSync(made);
  } finally {
    closeSync(made);
  }
  renameSync(`${file}.new`, file);
  const listed = openSync(directory, 'r');
  try {
    fsyncSync(listed);
  } finally {
    closeSync(listed);
  }
}
