import { signerFrom } from '../../adapters/keys/sign.ts';
import type { Status } from '../../services/api-status.ts';
import { fail } from '../../services/errors.ts';
import { confirmOffText } from '../../services/protocol.ts';
import type { Register } from '../cli.ts';

interface Options {
  readonly by: string;
  readonly checked: string;
  readonly key: string;
  readonly yes?: true;
}

export const confirmOff: Register = (program, cli) => {
  program
    .command('confirm-off')
    .description(
      'give your signed word that a host is off, when no machine can prove it; its guests then start elsewhere',
    )
    .argument('HOST')
    .requiredOption('--by <NAME>', 'your name among the operators of the cluster file')
    .requiredOption('--checked <TEXT>', 'what you did and saw, for the log')
    .requiredOption('--key <FILE>', 'your nkey seed')
    .option('--yes', "do not ask for the host's name")
    .action(async (host: string, _options, command) => {
      const globals = cli.options<Options>(command);
      const { by, checked } = globals;
      const signer = signerFrom(globals.key);
      const api = cli.api(globals);
      const { cluster, hosts } = await api.get<Status>('/v1/status');
      const known = hosts.find(({ name }) => name === host);
      if (!known) fail('UNKNOWN_SUBJECT', { subject: `host/${host}`, known: hosts.map(({ name }) => name).join(', ') });
      if (known.counter === null) fail('ORDER_REJECTED', { reason: `${host} has never joined, so it holds no guests` });

      // Said on stderr, so that --json keeps its one object on stdout.
      cli.terminal.err(
        [
          `You are about to put your signed word into the log of cluster ${cluster}:`,
          `  ${host} (life ${known.counter}, now ${known.state}) is off and cannot write.`,
          `  Checked by ${by}: ${checked}`,
          known.guests.length > 0
            ? `Then ${known.guests.join(', ')} will start elsewhere. If ${host} still runs, two of them may write one disk.`
            : 'It holds no guests.',
        ].join('\n'),
      );
      if (!globals.yes) await askFor(host);
      const word = { host, counter: known.counter, by, checked };
      const signature = signer.sign(confirmOffText(word));
      const order = { kind: 'confirm-off', ...word, key: signer.publicKey, signature } as const;
      await cli.order(globals, order, `Your word that ${host} is off is in the log`);
    });

  async function askFor(host: string): Promise<void> {
    const given = await cli.terminal.ask(`Type ${host} to confirm: `);
    if (given !== host) fail('NOT_CONFIRMED', { given: given === null ? 'nothing (no terminal)' : `"${given}"`, host });
  }
};
