/** Runs the programs that make an image, with their words kept for the case that one fails. */
import { execa } from 'execa';
import { fail } from '../../services/errors.ts';

/** Program → Debian package that has it. */
export const TOOLS = {
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  'mkfs.fat': 'dosfstools',
  mcopy: 'mtools',
  mmd: 'mtools',
  sfdisk: 'fdisk',
  'grub-mkimage': 'grub-common',
  zstd: 'zstd',
  tar: 'tar',
  strip: 'binutils',
  chroot: 'coreutils',
} as const;
export type Tool = keyof typeof TOOLS;

export interface Run {
  /** Bytes for its standard input. */
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}
/** Resolves to standard output. Throws IMAGE_TOOL_MISSING, or IMAGE_NOT_BUILT with the last lines it said. */
export type Runner = (tool: Tool | (string & {}), args: readonly string[], run?: Run) => Promise<string>;

const LINES_TOLD = 12;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `signal` ends the running program. */
export function createRunner(signal: AbortSignal): Runner {
  return async (tool, args, { input, cwd, env = {} } = {}) => {
    const ended = await execa(tool, args, {
      reject: false,
      all: true,
      stdin: input === undefined ? 'ignore' : 'pipe',
      ...(input !== undefined && { input }),
      ...(cwd !== undefined && { cwd }),
      cancelSignal: signal,
      extendEnv: false,
      env: { PATH, LC_ALL: 'C.UTF-8', HOME: '/root', DEBIAN_FRONTEND: 'noninteractive', TZ: 'UTC', ...env },
      maxBuffer: 32 * 1024 * 1024,
    });
    if (!ended.failed) return ended.stdout;
    signal.throwIfAborted();
    const name = tool.split('/').at(-1)!;
    if (ended.code === 'ENOENT') fail('IMAGE_TOOL_MISSING', { tool: name, package: TOOLS[name as Tool] ?? name });
    const said = ended.all.trim().split('\n').slice(-LINES_TOLD).join('\n');
    return fail('IMAGE_NOT_BUILT', { step: name, reason: said || (ended.shortMessage ?? 'it failed') });
  };
}
