import { join } from 'node:path';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { powerSwitches } from '../../adapters/power/power-switches.ts';
import { type ReadSecret, secretsOf } from '../../adapters/power/secret-file.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { failure } from '../../services/errors.ts';
import type { Register } from '../cli.ts';

export const check: Register = (program, cli) => {
  program
    .command('check')
    .description('say everything that is wrong in a cluster file')
    .argument('[FILE]', 'cluster file; default: the one of --cluster')
    .option('--power', 'also read the power state of every host, which finds a dead BMC or a wrong password')
    .action(async (file: string | undefined, _options, command) => {
      const globals = cli.options<{ power?: true }>(command);
      const { spec, digest, warnings } = readClusterFile(file ?? globals.cluster);
      const [hosts, arbiters, guests] = [spec.hosts, spec.arbiters, spec.guests].map((part) => Object.keys(part));
      if (globals.power) await checkPower(spec, secretsOf(join(globals.state, 'keys', 'node.nk')));
      cli.print(globals, { ok: true, cluster: spec.cluster, digest, voters: spec.voters, warnings }, [
        `${file ?? globals.cluster} is a valid cluster file, digest ${digest.slice(0, 8)}`,
        `  cluster   ${spec.cluster}, profile ${spec.profile}`,
        `  hosts     ${hosts?.join(', ')}`,
        ...(arbiters?.length ? [`  arbiters  ${arbiters.join(', ')}`] : []),
        `  voters    ${spec.voters.join(', ')}`,
        `  guests    ${guests?.length ?? 0}`,
        ...(globals.power ? ['  power     every switch was read'] : []),
        ...warnings.map((warning) => `note: ${warning}`),
      ]);
    });
};

/** Reads every switch, all at once. Throws POWER_UNPROVEN naming each host whose power could not be read, and why. */
async function checkPower(spec: ClusterSpec, secret: ReadSecret): Promise<void> {
  const problems = await Promise.all(
    Object.entries(spec.hosts).flatMap(([host, hostSpec]) =>
      powerSwitches(hostSpec, secret).map(async (power) => {
        try {
          await power.check();
          return [];
        } catch (error) {
          return [`  ${host}: ${error instanceof Error ? error.message : error}`];
        }
      }),
    ),
  );
  const found = problems.flat();
  if (found.length > 0) throw failure('POWER_UNPROVEN', { problems: found.join('\n') });
}
