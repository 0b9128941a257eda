import { type Register, whoami } from '../cli.ts';

export const thaw: Register = (program, cli) => {
  program
    .command('thaw')
    .description('let the cluster act again after freeze')
    .action(async (_options, command) => {
      await cli.order(cli.options(command), { kind: 'thaw', by: whoami() }, 'The cluster acts again');
    });
};
