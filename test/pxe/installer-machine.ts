import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';

export interface DiskFile {
  readonly file: string;
  readonly serial: string;
  /** All that is written to it is recorded in this file (disk-writes.ts). */
  readonly record?: string;
  /** The sector that cannot be written. */
  readonly failsAt?: number;
}

export interface Machine {
  /** What it wrote to its console. */
  console(): string;
  /** The machine is off. */
  off: Promise<void>;
  /** Its power is cut. */
  cut(): void;
}

/** A file of `bytes` bytes for a disk: all zero, or with this content at its start. */
export function diskFile(file: string, bytes: number, content?: Buffer): string {
  const descriptor = openSync(file, 'w');
  ftruncateSync(descriptor, bytes);
  if (content) writeSync(descriptor, content);
  closeSync(descriptor);
  return file;
}

function blockDevice({ file, record, failsAt }: DiskFile): object {
  const plain = (filename: string) => ({ driver: 'file', filename, cache: { 'no-flush': true }, discard: 'unmap' });
  if (record !== undefined) {
    writeFileSync(record, '');
    return { driver: 'blklogwrites', file: plain(file), log: plain(record), discard: 'unmap' };
  }
  if (failsAt !== undefined) {
    const error = { event: 'none', iotype: 'write', sector: failsAt, errno: 5 };
    return { driver: 'blkdebug', image: plain(file), 'inject-error': [error], discard: 'unmap' };
  }
  return plain(file);
}

/** Words of QEMU. */
export const drives = (disks: readonly DiskFile[]): string[] =>
  disks.flatMap((disk, index) => [
    ...['-blockdev', JSON.stringify({ 'node-name': `d${index}`, ...blockDevice(disk) })],
    ...['-device', `virtio-blk-pci,drive=d${index},serial=${disk.serial}`],
  ]);

/** Starts the installer in an emulated machine, as the boot loader does. */
export function machine(
  built: string,
  disks: readonly DiskFile[],
  {
    url,
    job = 'host/b1/reinstall@20',
    attempt = 1,
    token,
  }: { url: string; job?: string; attempt?: number; token: string },
): Machine {
  const line = `console=ttyS0 quiet panic=10 no_timer_check rekindle.job=${job} rekindle.attempt=${attempt} rekindle.token=${token} rekindle.url=${url}`;
  const child: ChildProcess = spawn(
    'nice',
    [
      '-n',
      '10',
      'qemu-system-x86_64',
      '-M',
      'q35',
      '-m',
      '512',
      '-smp',
      '2',
      '-accel',
      'tcg,thread=multi',
      '-cpu',
      'max',
      '-kernel',
      `${built}/vmlinuz`,
      '-initrd',
      `${built}/initrd.img`,
      '-append',
      line,
      '-nodefaults',
      '-uuid',
      'a0000000-0000-4000-8000-00000000000b',
      '-display',
      'none',
      '-serial',
      'stdio',
      '-no-reboot',
      // A battery that is empty.
      '-rtc',
      'base=2005-01-01T00:00:00',
      '-netdev',
      'user,id=n',
      '-device',
      'virtio-net-pci,netdev=n,romfile=',
      ...drives(disks),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout!.on('data', (part) => {
    said += part;
    if (process.env.REKINDLE_CONSOLE) process.stderr.write(part);
  });
  const off = new Promise<void>((done) => child.once('exit', () => done()));
  return { console: () => said, off, cut: () => void child.kill('SIGKILL') };
}
