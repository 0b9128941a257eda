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

const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);

export const isAlive = (pid: number) => !['Z', 'X', undefined].includes(statOf(pid)?.state);

export const childrenOf = (parent: number) => pids().filter((pid) => statOf(pid)?.parent === parent);

function namespaceOf(pid: number): string | undefined {
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
  if (namespace === undefined) return [];
  return pids()
    .filter((pid) => namespaceOf(pid) === namespace)
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
