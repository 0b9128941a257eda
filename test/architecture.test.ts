import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Which folder may import from which; a file means only that file. docs/architecture.md, "Rules of dependence". */
const ALLOWED: Record<string, readonly string[]> = {
  machines: ['machines', 'xstate', 'zod', 'node:crypto'],
  services: [
    'services',
    'machines',
    'zod',
    'fastify',
    'node:fs',
    'node:fs/promises',
    'node:net',
    'node:path',
    'node:stream',
    'node:timers/promises',
  ],
  adapters: [
    'adapters',
    'services/ports.ts',
    'services/all-switches.ts',
    'services/protocol.ts',
    'services/errors.ts',
    'services/provisioning.ts',
    'machines',
  ],
  sim: ['sim', 'services', 'machines', 'zod', 'node:crypto'],
  cli: ['cli', 'adapters', 'pxe', 'services', 'sim', 'machines'],
  daemon: ['daemon', 'adapters', 'pxe', 'services', 'machines'],
  pxe: [
    'pxe',
    'adapters/keys/nkey.ts',
    'services/ports.ts',
    'services/protocol.ts',
    'services/provisioning.ts',
    'services/errors.ts',
    'machines',
  ],
};
/** Programs and processes around the simulator: they may ask the system for cores, files and other processes. */
const PROGRAMS = /^sim\/[a-z]+\/(main|pool|worker|progress)\.ts$|^sim\/mutants\/(load|run|child)\.ts$/;
/** npm packages and node built-ins are the adapters', the CLI's, the daemon's and the installation's to choose. */
const OUTSIDE_FREE = new Set(['adapters', 'cli', 'daemon', 'pxe']);

const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.ts'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => Object.hasOwn(ALLOWED, file.split('/')[0] ?? ''));

const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /(?:^|\n)\s*(?:import\s+(?:[^'";]*?\sfrom\s+)?|export\s+[^'";=]*?\sfrom\s+)['"]([^'"]+)['"]/g,
    ),
  ].map(([, path]) => (path!.startsWith('.') ? normalize(join(dirname(file), path!)) : path!));

const permitted = (file: string, target: string): boolean => {
  const folder = file.split('/')[0]!;
  if (PROGRAMS.test(file) && target.startsWith('node:')) return true;
  if (OUTSIDE_FREE.has(folder) && !/^(machines|services|adapters|sim|cli|daemon|lab|pxe|test)\//.test(target))
    return true;
  return ALLOWED[folder]!.some((allowed) => target === allowed || target.startsWith(`${allowed}/`));
};

describe('imports point one way', () => {
  test.each(sources)('%s', (file) => {
    expect(importsOf(file).filter((target) => !permitted(file, target))).toEqual([]);
  });
});

test('the simulator takes chance and time from its seed and its scheduler alone', () => {
  const forbidden = /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|performance\.)/;
  const guilty = sources.filter(
    (file) => file.startsWith('sim/') && !PROGRAMS.test(file) && forbidden.test(readFileSync(file, 'utf8')),
  );
  expect(guilty).toEqual([]);
});

test('machines use no clock, randomness, timers, process or I/O', () => {
  const forbidden =
    /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|process\.|performance\.|fetch\()/;
  const guilty = sources.filter((file) => file.startsWith('machines/') && forbidden.test(readFileSync(file, 'utf8')));
  expect(guilty).toEqual([]);
});
