import { createImageKey } from '../../adapters/keys/create.ts';
import type { Register } from '../cli.ts';

export const keygen: Register = (group, cli) => {
  group
    .command('keygen')
    .description('make the key that images are signed with')
    .option('--out <FILE>', 'where to write its seed; must not be there', 'image.nk')
    .option('--name <NAME>', 'what the cluster file calls it', 'builder')
    .action(async (_options, command) => {
      const globals = cli.options<{ out: string; name: string }>(command);
      const key = await createImageKey(globals.out);
      cli.print(globals, { file: globals.out, key }, [
        `The seed is in ${globals.out}: whoever has it decides what hosts are installed with. Keep it off the hosts.`,
        `Add to ${globals.cluster}:`,
        '  provisioning:',
        '    imageKeys:',
        `      ${globals.name}: ${key}`,
      ]);
    });
};
