/**
 * The disks of the lab, all in memory: three hosts and four guests that sync all the time would otherwise share one real
 * disk with everything else on this machine, and its stalls (measured: 1.8 s for one fdatasync) would be taken for
 * theirs. What the lab measures has therefore no disk in it. All of it ends with the lab's mount namespace.
 */
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sh } from './exec.ts';
import { run, shared } from './layout.ts';

const MEMORY = join(run, 'memory');
const MIB = 1024 * 1024;

export async function mountMemory(): Promise<void> {
  await mkdir(MEMORY, { recursive: true });
  await mkdir(join(run, 'hosts'), { recursive: true });
  await sh('mount', ['-t', 'tmpfs', '-o', 'size=6G,mode=700', 'lab-memory', MEMORY]);
  await mkdir(join(MEMORY, 'hosts'));
  await sh('mount', ['--bind', join(MEMORY, 'hosts'), join(run, 'hosts')]);
  await mountShared();
}

/** Guests open their disks past the page cache, which tmpfs refuses on older kernels: a file system in a file on it. */
async function mountShared(): Promise<void> {
  const image = join(MEMORY, 'shared.img');
  await mkdir(shared, { recursive: true });
  await writeFile(image, '');
  await truncate(image, 1_024 * MIB);
  await sh('mke2fs', ['-q', '-t', 'ext4', '-F', '-E', 'lazy_itable_init=1,nodiscard', '-J', 'size=8', image]);
  await sh('mount', ['-o', 'loop', image, shared]);
}

/** A disk of that size for the state of one host, which it can fill without hurting anyone else. */
export async function mountState(place: string, mib: number): Promise<void> {
  await mkdir(place, { recursive: true });
  await sh('mount', ['-t', 'tmpfs', '-o', `size=${mib}M,mode=700`, 'lab-state', place]);
}
