/** Processes as /proc shows them from outside the hosts. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  /** One letter, as in proc(5): R, S, D, T, Z. */
  readonly state: string;
  readonly argv: readonly string[];
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: state ?? 'Z', parent: Number(parent) };
  } catch {
    return undefined;
  }
}

const pids = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

export const isAlive = (pid: number) => !['Z', 'X', undefined].includes(statOf(pid)?.state);

export const childrenOf = (parent: number) => pids().filter((pid) => statOf(pid)?.parent === parent);

export function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** All living processes of the process namespace whose first process is `init`. */
export function processesIn(init: number): Process[] {
  const namespace = namespaceOf(init);
  return namespace === undefined ? [] : look((pid) => namespaceOf(pid) === namespace);
}

export interface Qemu extends Process {
  readonly guest: string;
  /** Tells on which host it runs: the namespace of that host's first process. */
  readonly namespace: string | undefined;
}

/** Every QEMU of every host, in one look. */
export function qemus(): Qemu[] {
  return look(() => true).flatMap((one) => {
    if (!one.argv[0]?.includes('qemu-system')) return [];
    const guest = one.argv.flatMap((word) => /^guest=([^,]+)/.exec(word)?.[1] ?? [])[0];
    return guest === undefined ? [] : [{ ...one, guest, namespace: namespaceOf(one.pid) }];
  });
}

function look(wanted: (pid: number) => boolean): Process[] {
  return pids()
    .filter(wanted)
    .flatMap((pid) => {
      const stat = statOf(pid);
      return stat && stat.state !== 'Z' ? [{ pid, state: stat.state, argv: argvOf(pid) }] : [];
    });
}

/** True when there was such a process. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
