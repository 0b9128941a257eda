import { readFileSync, statSync } from 'node:fs';
import { failure } from '../../services/errors.ts';

/** First line of a file that not everybody may read. Throws SECRET_FILE_UNREADABLE, SECRET_FILE_EXPOSED. */
export function readSecret(file: string, method: string): string {
  const unreadable = (reason: string, cause?: unknown) =>
    failure('SECRET_FILE_UNREADABLE', { file, method, reason }, cause);
  let mode: number;
  let line: string;
  try {
    mode = statSync(file).mode & 0o777;
    line = readFileSync(file, 'utf8').split('\n')[0] ?? '';
  } catch (cause) {
    throw unreadable((cause as { code?: string }).code === 'ENOENT' ? 'there is no such file' : String(cause), cause);
  }
  if ((mode & 0o007) !== 0) throw failure('SECRET_FILE_EXPOSED', { file, method, mode: mode.toString(8) });
  if (line === '') throw unreadable('its first line is empty');
  return line;
}
