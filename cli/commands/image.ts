import type { Register } from '../cli.ts';
import { build } from '../image/build.ts';
import { installer } from '../image/installer.ts';
import { keygen } from '../image/keygen.ts';
import { gc, list, publish, verify } from '../image/store.ts';

export const image: Register = (program, cli) => {
  const group = program
    .command('image')
    .description('what a host is installed from: make it, sign it, publish it')
    .action((_options, command) => command.help());
  for (const register of [keygen, build, verify, publish, list, gc, installer]) register(group, cli);
};
