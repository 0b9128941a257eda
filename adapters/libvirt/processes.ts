/** QEMU processes as the kernel shows them: the truth about what can write, whatever libvirt believes. */
import { readdirSync, readFileSync } from 'node:fs';

export interface QemuProcess {
  readonly guest: string;
  readonly pid: number;
}

/** Every living QEMU of this PID namespace that was given a guest name. Throws when /proc cannot be read. */
export function qemuProcesses(proc = '/proc'): QemuProcess[] {
  return readdirSync(proc)
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      const guest = guestOf(commandLine(proc, pid));
      return guest === null ? [] : [{ guest, pid: Number(pid) }];
    });
}

/** Kills the guest's QEMU. Safe against a reused number only as far as a look right before can make it. */
export function killQemu(guest: string): void {
  for (const { pid } of qemuProcesses().filter((process) => process.guest === guest)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone between the look and the kill: what was wanted.
    }
  }
}

/**
 * A process whose first thread has exited is a zombie with an empty command line, yet its other threads may still be
 * stuck in the kernel writing to a dead disk. It is gone only when no thread is left.
 */
function commandLine(proc: string, pid: string): string[] {
  const own = words(`${proc}/${pid}/cmdline`);
  if (own.length > 0 || !isZombie(proc, pid)) return own;
  for (const thread of entries(`${proc}/${pid}/task`)) {
    const line = words(`${proc}/${pid}/task/${thread}/cmdline`);
    if (line.length > 0) return line;
  }
  return [];
}

/** libvirt starts QEMU as `… -name guest=NAME,debug-threads=on …`. */
function guestOf(line: readonly string[]): string | null {
  if (!line[0]?.includes('qemu')) return null;
  const name = line[line.indexOf('-name') + 1];
  return /^guest=([^,]+)(,|$)/.exec(name ?? '')?.[1] ?? null;
}

const isZombie = (proc: string, pid: string) => / \(.*\) Z /s.test(text(`${proc}/${pid}/stat`).replace(/^\d+/, ''));
const words = (file: string) =>
  text(file)
    .split('\0')
    .filter((word) => word !== '');

/** Empty when the process has gone meanwhile. */
function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (vanished(error)) return '';
    throw error;
  }
}
function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (vanished(error)) return [];
    throw error;
  }
}
function vanished(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH';
}
