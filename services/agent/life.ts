import type { Incarnation } from '../../machines/entries.ts';
import type { AgentMemory } from '../ports.ts';

/**
 * The life this agent continues or begins. Same boot: the same life goes on, guests and all, however often the daemon
 * restarts. Another boot: nothing of the old life can still run, so its grants are void.
 */
export function takeUpLife(memory: AgentMemory, bootId: string): Incarnation {
  const before = memory.incarnation();
  if (before?.bootId === bootId) return before;
  for (const grant of memory.grants()) memory.dropGrant(grant.guest);
  return beginLife(memory, bootId, before?.counter ?? -1);
}

/** A new life above `counter`, durable before anything is done in its name. */
export function beginLife(memory: AgentMemory, bootId: string, counter: number): Incarnation {
  const incarnation = { bootId, counter: Math.max(counter, memory.incarnation()?.counter ?? -1) + 1 };
  memory.setIncarnation(incarnation);
  return incarnation;
}
