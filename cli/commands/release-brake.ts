import { type Register, whoami } from '../cli.ts';

export const releaseBrake: Register = (program, cli) => {
  program
    .command('release-brake')
    .description('let hosts be fenced again after the storm brake stopped it')
    .action(async (_options, command) => {
      await cli.order(cli.options(command), { kind: 'release-brake', by: whoami() }, 'The storm brake is released');
    });
};
