import { join } from 'node:path';
import { Option } from 'commander';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { KERNELS, type Kernel } from '../../adapters/image/packages.ts';
import { loadNodeKeys } from '../../adapters/keys/load.ts';
import { buildInstaller } from '../../pxe/installer/build.ts';
import { fail, RekindleError } from '../../services/errors.ts';
import type { Register } from '../cli.ts';
import { cacheDirectory } from './build.ts';

interface Options {
  readonly out?: string;
  readonly kernel: Kernel;
  readonly cache: string;
}

export const installer: Register = (group, cli) => {
  group
    .command('installer')
    .description(
      'make the installer that machines boot over the network; it believes the nodes and image keys of today',
    )
    .option('--out <DIR>', 'where to put it; default: where this node serves it from')
    .addOption(
      new Option('--kernel <KIND>', 'generic: for real machines; cloud: for virtual ones, smaller')
        .choices(KERNELS)
        .default('generic'),
    )
    .option('--cache <DIR>', 'where downloads are kept', cacheDirectory())
    .action(async (_options, command) => {
      const globals = cli.options<Options>(command);
      const { spec } = readClusterFile(globals.cluster);
      const { identities } = loadNodeKeys(globals.state);
      const out = globals.out ?? join(globals.state, 'installer');
      const nodeKeys = Object.fromEntries(Object.entries(identities.nodes).map(([name, { node }]) => [name, node]));
      const imageKeys = spec.provisioning?.imageKeys ?? {};
      if (Object.keys(imageKeys).length === 0)
        fail('IMAGE_NOT_BUILT', { step: 'installer', reason: `${globals.cluster} has no provisioning.imageKeys` });
      cli.terminal.err('Installer: Debian packages, kernel and initramfs ...');
      try {
        const workDir = join(globals.cache, 'installer');
        buildInstaller({ out, cluster: spec.cluster, nodeKeys, imageKeys, workDir, kernel: globals.kernel });
      } catch (cause) {
        if (cause instanceof RekindleError) throw cause;
        fail('IMAGE_NOT_BUILT', { step: 'installer', reason: (cause as Error).message }, cause);
      }
      cli.print(globals, { out, nodes: Object.keys(nodeKeys), imageKeys: Object.keys(imageKeys) }, [
        `The installer is in ${out}: vmlinuz and initrd.img`,
        `  it believes ${Object.keys(nodeKeys).join(', ')}, and images signed by ${Object.keys(imageKeys).join(', ')}`,
        ...(globals.out === undefined ? [`Copy it to ${out} of the other controllers`] : []),
      ]);
    });
};
