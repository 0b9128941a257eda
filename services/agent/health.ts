/**
 * Guest health seen from its host: hung QEMU, silent guest agent, silent service. A probe must miss several times in
 * a row to report a hang and answer several times in a row to take it back, so one lost packet moves nothing.
 */
import type { GuestSpec, ProbeSpec } from '../../machines/spec.ts';
import { every } from '../every.ts';
import type { Clock, Hypervisor, ServiceProbe } from '../ports.ts';

export interface HealthListener {
  hung(guest: string, probe: 'qemu' | 'agent' | 'tcp' | 'http', detail: string): void;
  healthy(guest: string, probe: string): void;
}

const QEMU_PROBE = { kind: 'qemu', everyMs: 2_000, misses: 3 } as const;
const ANSWERS_TO_RECOVER = 2;
const PROBE_TIMEOUT_MS = 1_500;

type Probe = ProbeSpec | typeof QEMU_PROBE;

export interface Health {
  /** Begins anew for a guest that was just started or adopted: it may boot in peace. */
  watch(guest: string, spec: GuestSpec): void;
  forget(guest: string): void;
  stop(): void;
}

export function createHealth(
  listener: HealthListener,
  /** While true nobody can expect an answer: the guests are paused by us. */
  suspended: () => boolean,
  ports: { clock: Clock; hypervisor: Pick<Hypervisor, 'pingAgent' | 'responsive'>; probe: ServiceProbe },
): Health {
  const { clock, hypervisor, probe: service } = ports;
  const watched = new Map<string, () => void>();

  const ask = (guest: string, probe: Probe): Promise<boolean> => {
    switch (probe.kind) {
      case 'qemu':
        return hypervisor.responsive(guest);
      case 'agent':
        return hypervisor.pingAgent(guest, PROBE_TIMEOUT_MS);
      case 'tcp':
        return service.tcp(probe.address, probe.port, PROBE_TIMEOUT_MS);
      case 'http':
        return service.http(probe.url, PROBE_TIMEOUT_MS);
    }
  };

  const watchOne = (guest: string, probe: Probe, bootGraceMs: number) => {
    const since = clock.now();
    let everAnswered = probe.kind === 'qemu';
    let misses = 0;
    let answers = 0;
    let hung = false;
    return every(clock, probe.everyMs, async () => {
      const ok = !suspended() && (await ask(guest, probe).catch(() => false));
      if (!watched.has(guest)) return;
      // Looked at after the answer as well: the pause may have begun while it was waited for.
      if (suspended()) {
        misses = 0;
        return;
      }
      if (ok) {
        everAnswered = true;
        misses = 0;
        answers += 1;
        if (hung && answers >= ANSWERS_TO_RECOVER) {
          hung = false;
          listener.healthy(guest, probe.kind);
        }
        return;
      }
      // Before its first answer a guest is booting; only its grace running out makes silence a hang.
      if (!everAnswered && clock.now() - since < bootGraceMs) return;
      answers = 0;
      misses += 1;
      if (!hung && misses >= probe.misses) {
        hung = true;
        listener.hung(guest, probe.kind, `${misses} probes in a row unanswered, one every ${probe.everyMs} ms`);
      }
    });
  };

  const forget = (guest: string) => {
    watched.get(guest)?.();
    watched.delete(guest);
  };

  return {
    watch(guest, spec) {
      forget(guest);
      const ends: (() => void)[] = [];
      watched.set(guest, () => {
        for (const end of ends) end();
      });
      for (const probe of [QEMU_PROBE, ...spec.probes]) ends.push(watchOne(guest, probe, spec.bootGraceMs));
    },
    forget,
    stop() {
      for (const guest of [...watched.keys()]) forget(guest);
    },
  };
}
