import { readFileSync } from 'node:fs';
import type { Machine } from '../../services/ports.ts';

/** The running operating system, by the identifier its kernel draws at boot. */
export function createMachine(): Machine {
  return { bootId: () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
}
