import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { seal as sealed } from '../../adapters/keys/seal.ts';
import { fail } from '../../services/errors.ts';
import type { Register } from '../cli.ts';

/** Far more than any password. */
const MAX_SECRET = 4_096;

export const seal: Register = (program, cli) => {
  program
    .command('seal')
    .description('write a secret from standard input to a file that only this node can open')
    .argument('FILE', 'as the cluster file names it: passwordFile, secretFiles')
    .action(async (file: string, _options, command) => {
      const globals = cli.options(command);
      if (process.stdin.isTTY) fail('SECRET_NOT_GIVEN', { file, reason: 'a terminal would show it' });
      const secret = (await text(process.stdin)).split('\n')[0] ?? '';
      if (secret === '') fail('SECRET_NOT_GIVEN', { file, reason: 'its first line is empty' });
      if (secret.length > MAX_SECRET || secret.startsWith('rekindle-sealed-'))
        fail('SECRET_NOT_GIVEN', { file, reason: 'this is no secret' });
      const content = sealed(join(globals.state, 'keys', 'node.nk'), secret);
      // Never half a file, and never one without its secret.
      const beside = `${file}.new`;
      try {
        writeFileSync(beside, content, { mode: 0o600, flag: 'wx' });
        chmodSync(beside, 0o600);
        renameSync(beside, file);
      } catch (cause) {
        if ((cause as { code?: string }).code !== 'EEXIST') rmSync(beside, { force: true });
        fail('SECRET_NOT_WRITTEN', { file, reason: cause instanceof Error ? cause.message : String(cause) }, cause);
      }
      cli.print(globals, { file }, [`${file} holds the secret, and only this node can open it`]);
    });
};
