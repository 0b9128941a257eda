import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockNode } from '../../adapters/sqlite/node-lock.ts';
import { RekindleError } from '../../services/errors.ts';
import { inProcess, nextLine } from './in-process.ts';
import { scratch } from './scratch.ts';

test('a second daemon on a node is refused with the process id of the first, and welcome once that is dead', async () => {
  const file = join(scratch(), 'node.lock');
  const first = inProcess(
    `globalThis.held = lockNode(${JSON.stringify(file)}); say('locked'); setInterval(() => {}, 1_000);`,
  );
  expect(await nextLine(first)).toBe('locked');

  const refused = (() => {
    try {
      lockNode(file);
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(RekindleError);
  expect(refused).toMatchObject({ code: 'DAEMON_RUNNING', about: { pid: first.process.pid } });

  first.process.kill('SIGKILL');
  await first.ended;
  lockNode(file).release();
  lockNode(file).release();
});
