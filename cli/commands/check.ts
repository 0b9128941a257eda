import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import type { Register } from '../cli.ts';

export const check: Register = (program, cli) => {
  program
    .command('check')
    .description('say everything that is wrong in a cluster file')
    .argument('[FILE]', 'cluster file; default: the one of --cluster')
    .action((file: string | undefined, _options, command) => {
      const globals = cli.options(command);
      const { spec, digest, warnings } = readClusterFile(file ?? globals.cluster);
      const [hosts, arbiters, guests] = [spec.hosts, spec.arbiters, spec.guests].map((part) => Object.keys(part));
      cli.print(globals, { ok: true, cluster: spec.cluster, digest, voters: spec.voters, warnings }, [
        `${file ?? globals.cluster} is a valid cluster file, digest ${digest.slice(0, 8)}`,
        `  cluster   ${spec.cluster}, profile ${spec.profile}`,
        `  hosts     ${hosts?.join(', ')}`,
        ...(arbiters?.length ? [`  arbiters  ${arbiters.join(', ')}`] : []),
        `  voters    ${spec.voters.join(', ')}`,
        `  guests    ${guests?.length ?? 0}`,
        ...warnings.map((warning) => `note: ${warning}`),
      ]);
    });
};
