import { type Register, whoami } from '../cli.ts';

export const stepDown: Register = (program, cli) => {
  program
    .command('step-down')
    .description('have the leader give its lead to another node')
    .action(async (_options, command) => {
      await cli.order(cli.options(command), { kind: 'step-down', by: whoami() }, 'The leader steps down');
    });
};
