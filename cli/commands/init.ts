import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { createClusterKeys } from '../../adapters/keys/create.ts';
import type { Register } from '../cli.ts';

export const init: Register = (program, cli) => {
  program
    .command('init')
    .description('make the keys and certificates of a new cluster, once, on one machine')
    .option('--out <DIR>', 'where to write them; must not hold keys already', 'rekindle-keys')
    .action(async (_options, command) => {
      const globals = cli.options<{ out: string }>(command);
      const { spec } = readClusterFile(globals.cluster);
      const nodes = { ...spec.hosts, ...spec.arbiters };
      const out = globals.out;
      const { operators } = await createClusterKeys({ cluster: spec.cluster, nodes, voters: spec.voters, out });
      const operatorKey = join(out, 'clients/operator/operator.nk');
      const unknown = Object.entries(operators).filter(([, key]) => !Object.values(spec.operators).includes(key));
      cli.print(globals, { out, nodes: Object.keys(nodes), operators }, [
        `Keys of cluster ${spec.cluster} are in ${out}:`,
        ...Object.keys(nodes).map((name) => `  ${join(out, name, 'keys')} → ${name}:${globals.state}/keys`),
        ...(existsSync(operatorKey) ? [`  ${operatorKey} → to the person who may run confirm-off`] : []),
        `  ${join(out, 'authority')} → offline: whoever has it can add nodes`,
        ...(unknown.length > 0
          ? [`Add to ${globals.cluster}:`, '  operators:', ...unknown.map(([name, key]) => `    ${name}: ${key}`)]
          : []),
        'Then, on each node: rekindle up',
      ]);
    });
};
