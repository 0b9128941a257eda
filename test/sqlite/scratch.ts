import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { RekindleError } from '../../services/errors.ts';

/** A directory that is gone with the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The code a person would be shown. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof RekindleError) return error.code;
    throw error;
  }
  return 'none';
}
