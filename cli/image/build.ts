import { homedir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { buildImage } from '../../adapters/image/build.ts';
import { KERNELS, type Kernel } from '../../adapters/image/packages.ts';
import { failure } from '../../services/errors.ts';
import { type Register, wholeNumber } from '../cli.ts';
import { root } from '../installation.ts';

interface Options {
  readonly out: string;
  readonly key: string;
  readonly name: string;
  readonly kernel: Kernel;
  readonly package: readonly string[];
  readonly includeFile: Readonly<Record<string, string>>;
  readonly size?: number;
  readonly cmdline: string;
  readonly level: number;
  readonly mirror?: string;
  readonly cache: string;
  readonly fresh?: true;
}

export const build: Register = (group, cli) => {
  group
    .command('build')
    .description('make an image: Debian 12 with libvirt, QEMU and this Rekindle, for BIOS and UEFI')
    .requiredOption('--out <DIR>', 'directory to make, with the image in it')
    .requiredOption('--key <FILE>', 'nkey seed that signs it (rekindle image keygen)')
    .option('--name <NAME>', 'what the cluster file calls it', imageName, 'host')
    .addOption(
      new Option('--kernel <KIND>', 'generic: for real machines; cloud: for virtual ones, smaller')
        .choices(KERNELS)
        .default('generic'),
    )
    .option(
      '--package <PKG>',
      'a Debian package more; may be repeated',
      (value, before: string[]) => [...before, value],
      [],
    )
    .option(
      '--include-file <PATH=FILE>',
      'put FILE, or what is in it, at PATH of the image; may be repeated',
      inclusion,
      {},
    )
    .option('--size <MIB>', 'of the root file system; it grows over the disk at the first boot anyway', wholeNumber)
    .option('--cmdline <TEXT>', "added to the kernel's command line", 'quiet panic=30')
    .option('--level <N>', 'of zstd, 1 to 19', wholeNumber, 10)
    .option('--mirror <URL>', "Debian's archive; default: as this machine has it")
    .option('--cache <DIR>', 'where downloads are kept', cacheDirectory())
    .option('--fresh', 'fetch the packages again although the cache has them')
    .action(async (_options, command) => {
      const globals = cli.options<Options>(command);
      const interrupted = new AbortController();
      const interrupt = () =>
        interrupted.abort(failure('IMAGE_NOT_BUILT', { step: 'interrupted', reason: 'nothing is left half-made' }));
      // For as long as the process lives: without a listener of ours, execa's own would end it before it has cleaned up.
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
      const { image, out } = await buildImage({
        name: globals.name,
        out: globals.out,
        seedFile: globals.key,
        kernel: globals.kernel,
        packages: globals.package,
        files: globals.includeFile,
        rootMiB: globals.size ?? null,
        cmdline: globals.cmdline,
        level: Math.min(19, Math.max(1, globals.level)),
        mirror: globals.mirror ?? null,
        cache: globals.cache,
        fresh: globals.fresh === true,
        epochS: Number(process.env.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1_000)),
        installation: root,
        say: (line) => cli.terminal.err(line),
        signal: interrupted.signal,
      });
      const { manifest, digest } = image;
      cli.print(globals, { out, digest, manifest }, [
        `Image ${manifest.name} version ${manifest.version} is in ${out}:`,
        `  ${digest}`,
        `  disk ${megabytes(manifest.raw.bytes)}, stream ${megabytes(manifest.stream.bytes)}`,
        `Then, on a controller: rekindle image publish ${globals.out}`,
      ]);
    });
};

export const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** What is downloaded once. */
export const cacheDirectory = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rekindle');

function imageName(value: string): string {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(value)) throw new InvalidArgumentError('Write a-z, 0-9 and "-", such as host.');
  return value;
}

function inclusion(value: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, path, file] = /^\/([^=]+)=(.+)$/.exec(value) ?? [];
  if (path === undefined || file === undefined || path.split('/').includes('..'))
    throw new InvalidArgumentError('Write /PATH/IN/IMAGE=FILE.');
  return { ...before, [path]: file };
}
