/** A disk made as an image's is, of a few megabytes, boots from BIOS and from UEFI, and gives up without a kernel. */
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDisk } from '../../adapters/image/disk.ts';
import { hashFile } from '../../adapters/image/stream.ts';
import { createRunner } from '../../adapters/image/tools.ts';
import { cache, scripts } from '../../lab/layout.ts';

const directory = mkdtempSync(join(tmpdir(), 'rekindle-disk-'));
const at = (...parts: string[]) => join(directory, ...parts);
const kernel = { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', cmdline: 'console=ttyS0 lab.name=tiny panic=-1' };
const OVMF = '/usr/share/OVMF';

/** Resolves to the disk's file. */
async function make(name: string, without?: string): Promise<string> {
  for (const part of ['tree/boot', 'scratch']) mkdirSync(at(name, part), { recursive: true });
  for (const file of ['vmlinuz', 'initrd.img']) {
    if (file !== without) cpSync(join(cache, 'guest', file), at(name, 'tree/boot', file));
  }
  const what = { image: 'tiny 1', tree: at(name, 'tree'), rootMiB: 48, disk: at(name, 'disk.raw') };
  const run = createRunner(new AbortController().signal);
  await makeDisk(run, { ...what, kernel, scratch: at(name, 'scratch'), epochS: 1_700_000_000 });
  return what.disk;
}

/** Resolves once the serial console has shown `words`; rejects with all that it showed when the machine ends first. */
function boots(disk: string, firmware: 'bios' | 'uefi', words: string): Promise<void> {
  copyFileSync(join(OVMF, 'OVMF_VARS_4M.fd'), at('vars.fd'));
  const flash = (file: string, more = '') => ['-drive', `if=pflash,format=raw,file=${file}${more}`];
  const uefi = ['-M', 'q35', ...flash(join(OVMF, 'OVMF_CODE_4M.fd'), ',readonly=on'), ...flash(at('vars.fd'))];
  const child = spawn('qemu-system-x86_64', [
    ...[
      '-accel',
      'tcg',
      '-m',
      '256',
      '-display',
      'none',
      '-serial',
      'stdio',
      '-no-reboot',
      '-net',
      'none',
      '-snapshot',
    ],
    ...(firmware === 'uefi' ? uefi : []),
    ...['-drive', `file=${disk},format=raw,if=virtio`],
  ]);
  return new Promise((resolve, reject) => {
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString('latin1');
      if (!shown.includes(words)) return;
      resolve();
      child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(shown)));
    setTimeout(() => child.kill('SIGKILL'), 100_000).unref();
  });
}

beforeAll(async () => {
  await execa(join(scripts, 'make-guest-image.sh'), [cache]);
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true }));

test('the same disk boots from BIOS and from UEFI, and is the same each time it is made', async () => {
  const disk = await make('one');
  expect(existsSync(disk)).toBe(true);
  await boots(disk, 'bios', 'guest tiny answers');
  await boots(disk, 'uefi', 'guest tiny answers');
  expect(await hashFile(await make('two'))).toEqual(await hashFile(disk));
}, 240_000);

test('without its initramfs it goes on to the network, also where the firmware would stop in its menu', async () => {
  const disk = await make('bare', 'initrd.img');
  await boots(disk, 'uefi', 'iPXE initialising devices');
}, 120_000);
