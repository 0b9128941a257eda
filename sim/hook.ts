/** libvirt's hook and the files it reads (adapters/libvirt/hook/qemu): it outlives rekindled, and a boot empties it. */
import type { StartGuard } from '../services/ports.ts';

export interface Hook {
  readonly guard: StartGuard;
  /** Whether a start or an arriving migration is let through now. It asks for a grant, not for whose. */
  permits(guest: string): boolean;
  clear(): void;
}

/** /proc/uptime, which the hook reads, lags by up to this much; so the hook ends every lease so much earlier. */
const GRAIN_MS = 10;

export function createHook(nowMs: () => number): Hook {
  const grants = new Map<string, string>();
  let leaseEndMs = Number.NEGATIVE_INFINITY;
  return {
    guard: {
      allow: (guest, token) => void grants.set(guest, token),
      revoke: (guest) => void grants.delete(guest),
      setLeaseEnd(ms) {
        leaseEndMs = ms;
      },
    },
    permits: (guest) =>
      grants.has(guest) &&
      Number.isFinite(leaseEndMs) &&
      Math.floor(nowMs() / GRAIN_MS) * GRAIN_MS < Math.floor(leaseEndMs) - GRAIN_MS,
    clear() {
      grants.clear();
      leaseEndMs = Number.NEGATIVE_INFINITY;
    },
  };
}
