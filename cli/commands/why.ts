import type { Why } from '../../services/api-why.ts';
import type { Register } from '../cli.ts';

export const why: Register = (program, cli) => {
  program
    .command('why')
    .description('say why a host or guest is as it is, down to the evidence')
    .argument('SUBJECT', 'host/NAME, guest/NAME or cluster')
    .option('--not <HOST>', 'say why this guest is not on that host')
    .action(async (subject: string, _options, command) => {
      const globals = cli.options<{ not?: string }>(command);
      const answer = await cli.api(globals).get<Why>('/v1/why', { subject, not: globals.not });
      cli.print(globals, answer, answer.lines);
    });
};
