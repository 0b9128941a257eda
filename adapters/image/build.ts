/**
 * Makes an image: Debian, Rekindle in it, a bootable disk of both, its compressed stream, and a signed manifest.
 * Nothing is left half-made: all is done in a scratch directory, and the result is renamed into place.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fail } from '../../services/errors.ts';
import type { Manifest } from '../../services/provisioning.ts';
import { findServer } from '../nats/server-binary.ts';
import { installApp } from './app.ts';
import { debianBase } from './base.ts';
import { guid, makeDisk } from './disk.ts';
import { MANIFEST_FILE, SIGNATURE_FILE, type Signed, sign } from './manifest.ts';
import type { Kernel } from './packages.ts';
import { compress, hashFile } from './stream.ts';
import { createRunner } from './tools.ts';
import { makeTree, sizeMiB } from './tree.ts';

export interface BuildOptions {
  readonly name: string;
  /** Directory to be made. */
  readonly out: string;
  /** nkey seed that signs. */
  readonly seedFile: string;
  readonly kernel: Kernel;
  readonly packages: readonly string[];
  /** Path in the image → file of this machine. */
  readonly files: Readonly<Record<string, string>>;
  /** Of the root file system; null: what it needs. It grows over the disk at the first boot. */
  readonly rootMiB: number | null;
  readonly mirror: string | null;
  readonly cache: string;
  readonly fresh: boolean;
  /** Of zstd, 1 to 19. */
  readonly level: number;
  /** Added to the kernel's command line. */
  readonly cmdline: string;
  /** Epoch seconds: version of the image, and the time of every file in it. */
  readonly epochS: number;
  /** Directory of this installation. */
  readonly installation: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Built {
  readonly image: Signed;
  readonly out: string;
}

/** Throws IMAGE_EXISTS, IMAGE_TOOL_MISSING, IMAGE_NOT_BUILT, KEY_UNREADABLE, NOT_PERMITTED. */
export async function buildImage(options: BuildOptions): Promise<Built> {
  const { name, epochS, installation, say, signal } = options;
  const out = resolve(options.out);
  if (existsSync(out)) fail('IMAGE_EXISTS', { directory: out });
  if (process.getuid?.() !== 0) fail('NOT_PERMITTED', { what: 'making files that belong to root' });
  const run = createRunner(signal);
  const natsServer = (await findServer()).path;
  await mkdir(dirname(out), { recursive: true });
  await mkdir(options.cache, { recursive: true });
  const scratch = await mkdtemp(`${out}.part-`);
  const ticks = steps(say);
  try {
    ticks('Debian');
    const base = await debianBase(run, { ...options, scratch });
    if (base.madeAt) say(`  from the cache, fetched ${base.madeAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`);

    ticks('Rekindle');
    const tree = join(scratch, 'tree');
    const overlay = join(installation, 'packaging/image');
    const unit = join(installation, 'packaging/rekindled.service');
    await makeTree(run, { base: base.tar, tree, overlay, unit, files: options.files });
    await installApp(run, { installation, natsServer, tree });

    ticks('disk');
    const image = `${name} ${epochS}`;
    const boot = {
      kernel: '/boot/vmlinuz',
      initrd: '/boot/initrd.img',
      cmdline: `root=PARTUUID=${guid(image, 'root')} ro console=tty0 console=ttyS0,115200n8 ${options.cmdline}`.trim(),
    };
    const disk = join(scratch, 'disk.raw');
    const rootMiB = options.rootMiB ?? (await sizeMiB(tree));
    await makeDisk(run, { image, tree, rootMiB, kernel: boot, disk, scratch, epochS });
    await rm(tree, { recursive: true });

    ticks('stream');
    const result = join(scratch, 'image');
    await mkdir(result);
    const file = `${name}.raw.zst`;
    await compress(run, disk, join(result, file), options.level);
    const manifest: Manifest = {
      format: 1,
      name,
      version: epochS,
      builtAt: new Date(epochS * 1_000).toISOString(),
      raw: await hashFile(disk, signal),
      stream: { file, ...(await hashFile(join(result, file), signal)) },
      firmware: ['bios', 'uefi'],
      boot,
    };
    const signed = sign(manifest, options.seedFile);
    await writeFile(join(result, MANIFEST_FILE), signed.bytes);
    await writeFile(join(result, SIGNATURE_FILE), `${signed.signature}\n`);
    await rename(result, out);
    return { image: signed, out };
  } finally {
    ticks(null);
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Says each step as it begins, and how long it took when it is over. */
function steps(say: (line: string) => void) {
  let current: { name: string; beganAt: number } | null = null;
  return (name: string | null) => {
    if (current) say(`  ${current.name}: ${((performance.now() - current.beganAt) / 1_000).toFixed(1)} s`);
    current = name === null ? null : { name, beganAt: performance.now() };
    if (name !== null) say(`${name} ...`);
  };
}
